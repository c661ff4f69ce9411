/* vdeliver - options and start. */

#include "base/log.h"

int main(void)
{
	log_init("vdeliver");
	log_fatal("not built yet");
}
