/*
 * postconf - postconf(1): show, compare and edit main.cf and master.cf.
 *
 * Options, output and messages are those of Postfix 3.7; what is better on
 * purpose stands in COMPAT.md.
 */
#ifndef MAPTOOL_POSTCONF_H
#define MAPTOOL_POSTCONF_H

#include <stdbool.h>

#include "conf/conf.h"

/* The classes of -C. */
enum pc_class {
	PC_BUILTIN = 1 << 0, /* rows of params.def */
	PC_SERVICE = 1 << 1, /* TRANSPORT_destination_..., by master.cf */
	PC_USER = 1 << 2,    /* names that others refer to */
	PC_ALL = PC_BUILTIN | PC_SERVICE | PC_USER,
	PC_VDELIVER = 1 << 3, /* our own rows, listed for -C vdeliver alone */
};

/* One call of postconf, as its options say. */
struct postconf {
	unsigned options; /* pc_bit() of each letter */
	unsigned classes; /* enum pc_class */
	const char *dir;
	const char *tls_mode; /* of -T */
	bool effective;       /* -PP */
	bool verbose;         /* -v */
	struct conf *conf;
	char **override; /* -o, NULL at the end */
	char **names;    /* operands, NULL at the end */
};

/* Is this option on? */
bool pc_has(const struct postconf *pc, char letter);

/* With -v, say that a file of pc->dir is read or replaced. */
void pc_verbose(const struct postconf *pc, const char *what, const char *file);

/*
 * postconf with its arguments; argv[0] is for usage messages. Returns the exit
 * status, or exits with 1 after "fatal: ...".
 */
int postconf_main(int argc, char **argv);

#endif
