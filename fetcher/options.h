/*
 * options - every option of the rc language and the command line as a row, and
 * a set of values, of which each is set or not.
 *
 * Merging is the same for all: built-in, then defaults, then the record, then
 * the command line, each taking what the one before left (options_merge).
 */
#ifndef FETCHER_OPTIONS_H
#define FETCHER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"

enum option_id {
#define OPTION(id, key, scope, type, def, lng, sht, done) OPT_##id,
#define ALIAS(id, key)
#include "fetcher/options.def"
#undef OPTION
#undef ALIAS
	OPT_COUNT,
};

enum option_scope {
	SCOPE_G = 1,
	SCOPE_S = 2,
	SCOPE_U = 4,
	SCOPE_GU = SCOPE_G | SCOPE_U,
	SCOPE_X = 8, /* has its own grammar */
};

enum option_type {
	TYPE_FLAG,
	TYPE_NUM,
	TYPE_STR,
	TYPE_PATH, /* relative to the rc file's directory */
	TYPE_LIST,
	TYPE_NUMS,  /* list of numbers */
	TYPE_MAP,   /* remote=local pairs */
	TYPE_PROTO, /* enum protocol */
	TYPE_AUTH,
	TYPE_ENVEL, /* [n] name; number and text */
	TYPE_BADH,  /* accept (1) or reject (0) */
	TYPE_TLS,   /* enum tls_word */
	TYPE_TRACK, /* uid (1) or flags (0) */
	TYPE_RETR,  /* enum retrieve_error */
};

/* What becomes of options about TLS: account.c. */
enum tls_word {
	TLS_WORD_NOT_SAID,
	TLS_WORD_REQUIRED,
	TLS_WORD_OPTIONAL,
	TLS_WORD_NONE,
	TLS_WORD_IMPLICIT,
};

/* A message that the server will not give. */
enum retrieve_error {
	RETRIEVE_ABORT,    /* the session ends */
	RETRIEVE_CONTINUE, /* the others are fetched */
	RETRIEVE_MARKSEEN, /* the same, and it is not asked for again */
};

enum protocol {
	PROTO_AUTO,
	PROTO_POP3,
	PROTO_IMAP,
	PROTO_APOP,
	PROTO_ETRN,
	PROTO_ODMR,
	PROTO_SDPS,
	PROTO_KPOP,
	PROTO_RPOP,
};

enum auth {
	AUTH_ANY,
	AUTH_PASSWORD,
	AUTH_CRAM_MD5,
	AUTH_NTLM,
	AUTH_OTP,
	AUTH_GSSAPI,
	AUTH_KERBEROS,
	AUTH_MSN,
	AUTH_SSH,
	AUTH_EXTERNAL,
	/* Ours. */
	AUTH_PLAIN,
	AUTH_LOGIN,
	AUTH_SCRAM_SHA_1,
	AUTH_SCRAM_SHA_256,
	AUTH_OAUTHBEARER,
	AUTH_XOAUTH2,
};

struct option_row {
	enum option_id id;
	const char *keyword;
	enum option_scope scope;
	enum option_type type;
	int64_t def;
	const char *longopt; /* NULL: not on the command line */
	char shortopt;       /* 0: none */
	bool done;
};

/* One entry of a list; remote is only for TYPE_MAP ("" without '='). */
struct option_item {
	struct option_item *next;
	const char *text;
	const char *remote;
	int64_t num;
};

struct option_value {
	bool set;
	int64_t num;
	const char *text;
	struct option_item *list;
};

struct options {
	struct option_value v[OPT_COUNT];
};

/* The row of a keyword (or synonym), or of an id; NULL: no such keyword. */
const struct option_row *option_find(struct str keyword);
const struct option_row *option_row(enum option_id id);

/* A number from its word, for protocol, auth, bad-header; -1: unknown. */
int64_t option_word(enum option_type type, struct str word);
/* The word of a number, its first one; NULL: there is none. */
const char *option_word_of(enum option_type type, int64_t num);
const char *protocol_name(enum protocol p);

void options_set_num(struct options *o, enum option_id id, int64_t num);
/* text is copied into the arena. */
void options_set_text(struct options *o, enum option_id id, struct str text,
    struct arena *a);
void options_add(struct options *o, enum option_id id, struct str text,
    struct str remote, int64_t num, struct arena *a);

/* What over has set goes into o; lists are replaced, or, with append, added
 * at the end. */
void options_merge(struct options *o, const struct options *over, bool append,
    struct arena *a);

/* The value or the default; text may be NULL. */
int64_t opt_num(const struct options *o, enum option_id id);
bool opt_flag(const struct options *o, enum option_id id);
const char *opt_text(const struct options *o, enum option_id id);
const struct option_item *opt_list(const struct options *o, enum option_id id);
bool opt_is_set(const struct options *o, enum option_id id);
/* "keep N days": N, 0 for ever; the number of keep is one more then. */
int64_t opt_keep_days(const struct options *o);
/* stripcr is on with mda unless it is set. */
bool opt_stripcr(const struct options *o);

#endif
