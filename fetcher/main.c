/* fetcher - options and start. */

#include "base/log.h"

int main(void)
{
	log_init("fetcher");
	log_fatal("not built yet");
}
