/*
 * tables - what postmap and postalias have in common: one run with its
 * options, and the four things that it can do. All of them end the program
 * with a "fatal: " line when something is wrong, as the originals do.
 */
#ifndef MAPTOOL_TABLES_H
#define MAPTOOL_TABLES_H

#include <getopt.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "base/str.h"
#include "conf/conf.h"
#include "map/build.h"

struct tables;

/* How the two differ. */
struct tables_tool {
	const char *letters; /* for getopt_long(3) */
	const struct option *words;
	const char *usage;     /* behind "usage: " */
	const char *separator; /* between key and value in lists */
	/* Put the records of a source into b; name is for messages. */
	void (*read)(const struct tables *t, struct map_build *b,
	    const char *name, struct str text);
	/* Another form of a key that was not found; false: it has none.
	 * NULL: no key has. */
	bool (*other_key)(struct str key, struct buf *other);
};

/* Options without a letter. */
enum tables_word {
	WORD_ATOMIC = 256,
	WORD_QUOTED_KEYS,
};

/* -b, -h and -m: which keys of a message from standard input. */
enum tables_keys {
	KEYS_BODY = 1 << 0,
	KEYS_HEADERS = 1 << 1,
	KEYS_PARTS = 1 << 2,
};

struct tables {
	const struct tables_tool *tool;
	const char *dir; /* -c, NULL: the usual place */
	char mode;       /* 'q', 'd', 's', 'i', or 'b' for build */
	const char *key; /* of -q and -d */
	bool keep_owner; /* -o */
	bool no_mode;    /* -p */
	bool no_utf8;    /* -u */
	bool keep_utf8;  /* -U */
	bool json;       /* -j */
	bool verbose;    /* -v */
	bool atomic;     /* --atomic: change a copy */
	bool quoted;     /* --quoted-alias-keys */
	unsigned keys;   /* enum tables_keys; 0: a key in each line */
	bool no_fold;    /* -f */
	unsigned flags;  /* enum map_flags */
	char **maps;
	int n;

	struct conf *conf;
	const char *default_type;
};

extern const struct tables_tool *const tables_postmap, *const tables_postalias;

/* An option that only sets something, -F -n -N -r -w; false: it is none. */
bool tables_flag(struct tables *t, int c);
/* -c, or MAIL_CONFIG, or /etc/postfix. */
const char *tables_dir(const struct tables *t);
/* Read main.cf for what a run needs: default_type, UTF-8 in flags. */
enum st tables_load(struct tables *t, struct err *e) MUST_CHECK;
void tables_config(struct tables *t); /* or end the program */
/* -v: say what is done, to standard error. */
void tables_tell(const struct tables *t, const char *fmt, ...) PRINTF(2, 3);
/* A record that does not come: say so and end, the old table stays. */
void tables_put(struct map_build *b, struct str key, struct str val);

/* As root, without -o: become the owner of the source, and root again. */
void tables_become_owner(const struct tables *t, const struct stat *sb);
void tables_become_root(void);

/* The exit status. */
int tables_make(const struct tables *t);
int tables_query(const struct tables *t);
int tables_delete(const struct tables *t);
int tables_list(const struct tables *t);

/* Options, then what they ask for. */
int tables_main(const struct tables_tool *tool, int argc, char **argv);

#endif
