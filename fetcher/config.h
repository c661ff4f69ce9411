/*
 * config - what the rc file and the command line say, before and after they
 * are settled: records with users, then accounts.
 */
#ifndef FETCHER_CONFIG_H
#define FETCHER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "fetcher/options.h"

struct user {
	struct user *next;
	const char *remote; /* NULL: not named */
	struct options opts;
};

struct record {
	struct record *next;
	const char *label;
	bool skip;
	bool wanted; /* named on the command line, or polled by default */
	struct options opts; /* server options */
	struct user *users;
};

struct config {
	struct arena arena;
	struct options global;
	struct record *defaults; /* NULL: none */
	struct record *records, **end;
	const char *rc_path;
	const char *rc_dir;     /* relative paths in the file are below it */
	const char *also_wrong; /* rc_parse.h; NULL: nothing */
};

/* The result: one user of one record with everything merged. */
struct account {
	struct account *next;
	const char *label;    /* the word after poll */
	const char *host;     /* via, else label */
	const char *rc_dir;   /* NULL: none */
	const char *user;     /* remote name */
	const char *password; /* NULL: not known yet */
	char *secret; /* owned: what password is, when it was asked for */
	size_t number_in_record; /* 0: the first of its record */
	bool active;             /* it is polled this time */
	struct options o;
	const struct options *global;
	uint64_t packets;   /* of the monitored device after the last poll */
	bool packets_known; /* else it was not polled yet */
	/* What a daemon remembers of its polls, tidings.c. */
	uint64_t auth_failures, timeouts; /* in a row */
	bool logged_in;                   /* once */
	bool auth_told;                   /* a mail said that it fails */
	bool rests;                       /* not polled: too many timeouts */
	bool warned;
	int64_t warned_at; /* when about large messages, clock_ms() / 1000 */
};

#endif
