/* maptool - which tool am I: by the name that I was called by, or by a word. */

#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "maptool/native.h"
#include "maptool/postconf.h"
#include "maptool/postmap.h"

#define OUT_CHUNK 65536

static const struct tool {
	const char *name; /* argv[0] */
	const char *word; /* maptool WORD */
	int (*run)(int argc, char **argv);
} tools[] = {
	{ "postmap", "map", postmap_main },
	{ "postalias", "alias", postalias_main },
	{ "postconf", "conf", postconf_main },
	{ "newaliases", "newaliases", newaliases_main },
};

static const char usage[] =
    "usage: maptool map ARGUMENT...     as postmap: build and query tables\n"
    "       maptool alias ARGUMENT...   as postalias: alias files\n"
    "       maptool conf ARGUMENT...    as postconf: show, edit main.cf, master.cf\n"
    "       maptool newaliases          alias files of alias_database\n"
    "       maptool COMMAND ARGUMENT... one of those below; maptool COMMAND --help\n"
    "       maptool --version | --help\n"
    "\n"
    "Called as postmap, postalias, postconf or newaliases it is that tool. See\n"
    "maptool(1).\n";

/* A long listing goes out in larger pieces than stdio's. */
static void widen_output(void)
{
	if (!isatty(STDOUT_FILENO) &&
	    setvbuf(stdout, NULL, _IOFBF, OUT_CHUNK) != 0)
		bug("no memory for output");
}

int main(int argc, char **argv)
{
	static char unknown[] = "maptool";
	char *name = argc > 0 ? basename(argv[0]) : unknown;
	const struct native_cmd *cmd;
	const struct tool *t;

	log_init(name);
	widen_output();
	for (t = tools; t < tools + NELEM(tools); t++)
		if (strcmp(t->name, name) == 0)
			return t->run(argc, argv);
	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		fputs(usage, argc < 2 ? stderr : stdout);
		if (argc >= 2)
			native_list();
		return argc < 2;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("maptool " PACKAGE_VERSION);
		return 0;
	}
	for (t = tools; t < tools + NELEM(tools); t++)
		if (strcmp(t->word, argv[1]) == 0)
			return t->run(argc - 1, argv + 1);
	cmd = native_find(argv[1]);
	if (cmd != NULL)
		return native_main(cmd, argc - 1, argv + 1);
	log_error("unknown command \"%s\"", argv[1]);
	fputs(usage, stderr);
	return 1;
}
