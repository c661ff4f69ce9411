/* postconf - comes with its own branch. */

#include "maptool/postconf.h"

#include "base/log.h"

int postconf_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	log_fatal("postconf is not supported yet");
}
