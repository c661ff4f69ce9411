/* maptool - options and start. */

#include "base/log.h"

int main(void)
{
	log_init("maptool");
	log_fatal("not built yet");
}
