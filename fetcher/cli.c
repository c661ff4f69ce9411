/* cli - the command line. */

#include "fetcher/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "fetcher/report.h"
#include "fetcher/status.h"

#define SHORTS "?Vcsvd:NqL:f:i:p:UP:t:E:Q:u:akKFnl:r:S:Z:b:B:e:m:I:M:yw:D:"
/* Long options: rows first, from here on. */
#define BASE 1000

enum extra {
	X_CONFIGDUMP = 5000,
	X_CHECKCONFIG,
	X_DRYRUN,
	X_EXPLAINTLS,
	X_QUOTE,
	X_NOKEEP,
	X_NOBOUNCE,
	X_NOSOFTBOUNCE,
	X_NOSYSLOG,
	X_NOSSLCERTCK,
	X_NOREWRITE,
};

static const struct option extras[] = {
	{ "help", no_argument, NULL, '?' },
	{ "version", no_argument, NULL, 'V' },
	{ "check", no_argument, NULL, 'c' },
	{ "silent", no_argument, NULL, 's' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "nodetach", no_argument, NULL, 'N' },
	{ "quit", no_argument, NULL, 'q' },
	{ "fetchmailrc", required_argument, NULL, 'f' },
	{ "yydebug", no_argument, NULL, 'y' },
	{ "configdump", optional_argument, NULL, X_CONFIGDUMP },
	{ "check-config", no_argument, NULL, X_CHECKCONFIG },
	{ "dry-run", no_argument, NULL, X_DRYRUN },
	{ "explain-tls", no_argument, NULL, X_EXPLAINTLS },
	{ "quote", no_argument, NULL, X_QUOTE },
	{ "nokeep", no_argument, NULL, X_NOKEEP },
	{ "nobounce", no_argument, NULL, X_NOBOUNCE },
	{ "nosoftbounce", no_argument, NULL, X_NOSOFTBOUNCE },
	{ "nosyslog", no_argument, NULL, X_NOSYSLOG },
	{ "nosslcertck", no_argument, NULL, X_NOSSLCERTCK },
	{ "norewrite", no_argument, NULL, X_NOREWRITE },
	{ "all", no_argument, NULL, BASE + OPT_FETCHALL },
	{ "port", required_argument, NULL, BASE + OPT_SERVICE },
	{ "proto", required_argument, NULL, BASE + OPT_PROTOCOL },
	{ "username", required_argument, NULL, BASE + OPT_USER },
};

/* Flags that a long or short option switches off. */
static const struct {
	int c;
	enum option_id id;
} offs[] = {
	{ 'K', OPT_KEEP },
	{ X_NOKEEP, OPT_KEEP },
	{ 'n', OPT_REWRITE },
	{ X_NOREWRITE, OPT_REWRITE },
	{ X_NOBOUNCE, OPT_BOUNCEMAIL },
	{ X_NOSOFTBOUNCE, OPT_SOFTBOUNCE },
	{ X_NOSYSLOG, OPT_SYSLOG },
	{ X_NOSSLCERTCK, OPT_SSLCERTCK },
};

static void usage(FILE *to)
{
	const struct option_row *r;
	size_t i;

	fprintf(to,
	    "usage: %s [option]... [server]...\n"
	    "Fetch mail from the servers of the rc file (-f) and hand it "
	    "on.\n\n"
	    "  -?, --help            this text\n"
	    "  -V, --version         version and settings\n"
	    "  -c, --check           only look whether there is mail\n"
	    "  -s, --silent          only errors\n"
	    "  -v, --verbose         show the dialogue\n"
	    "  -q, --quit            end the one that runs\n"
	    "  -N, --nodetach        stay in the foreground\n"
	    "  -f, --fetchmailrc F   the rc file\n"
	    "  -K, --nokeep          delete what was delivered\n"
	    "      --check-config    read the settings, say what is odd\n"
	    "      --dry-run         like -c, and say where mail would go\n"
	    "      --explain-tls     say what happens about TLS, and why\n"
	    "      --quote           a line of standard input as a quoted "
	    "string\n"
	    "      --configdump[=json]  the settings for programs\n",
	    report_prog());
	for (i = 0; i < OPT_COUNT; i++) {
		r = option_row((enum option_id)i);
		if (r->longopt == NULL)
			continue;
		if (r->shortopt != 0)
			fprintf(to, "  -%c, --%s%s%s\n", r->shortopt,
			    r->longopt, r->type == TYPE_FLAG ? "" : " ARG",
			    r->done ? "" : "  (not supported yet)");
		else
			fprintf(to, "      --%s%s%s\n", r->longopt,
			    r->type == TYPE_FLAG ? "" : " ARG",
			    r->done ? "" : "  (not supported yet)");
	}
	fprintf(to, "\nSee fetcher(1) and fetcherrc(5).\n");
}

static int bad_value(const char *what, const char *value)
{
	fprintf(stderr, "Invalid %s `%s' specified.\n", what, value);
	usage(stderr);
	return PS_SYNTAX;
}

/* Decimal, 0x hexadecimal or, with a leading zero, octal. */
static bool number(const char *text, int64_t *v)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 0);
	if (*text != '\0' && *end == '\0' && errno == 0 && n >= INT32_MIN &&
	    n <= INT32_MAX) {
		*v = n;
		return true;
	}
	fprintf(stderr, "String '%s' is not a valid number string.\n", text);
	usage(stderr);
	return false;
}

static int set_number(struct options *o, enum option_id id, const char *text)
{
	int64_t v;

	if (!number(text, &v))
		return PS_SYNTAX;
	options_set_num(o, id, v);
	return -1;
}

static int add_items(struct options *o, enum option_id id, const char *text,
    bool numbers, struct arena *a)
{
	struct str rest = str_c(text), item;
	int64_t v = 0;

	while (str_word(&rest, ",", &item)) {
		if (numbers && !number(arena_strz(a, item), &v))
			return PS_SYNTAX;
		options_add(o, id, item, STR_NONE, v, a);
	}
	return -1;
}

static int set_row(struct options *o, const struct option_row *r,
    const char *arg, struct arena *a)
{
	int64_t v;

	switch (r->type) {
	case TYPE_FLAG:
		options_set_num(o, r->id, 1);
		return -1;
	case TYPE_NUM:
		return set_number(o, r->id, arg);
	case TYPE_LIST:
	case TYPE_NUMS:
		return add_items(o, r->id, arg, r->type == TYPE_NUMS, a);
	case TYPE_PROTO:
	case TYPE_AUTH:
	case TYPE_BADH:
	case TYPE_TLS:
	case TYPE_TRACK:
	case TYPE_RETR:
		v = option_word(r->type, str_c(arg));
		if (v < 0)
			return bad_value(r->type == TYPE_PROTO ? "protocol"
				: r->type == TYPE_AUTH ? "authentication"
				: r->type == TYPE_BADH ? "bad-header policy"
						       : r->keyword,
			    arg);
		options_set_num(o, r->id, v);
		return -1;
	case TYPE_STR:
	case TYPE_PATH:
	case TYPE_ENVEL:
	case TYPE_MAP:
		options_set_text(o, r->id, str_c(arg), a);
		return -1;
	}
	return -1;
}

/* Options without a row. True when c was one. */
static bool own_option(struct cli *c, int opt)
{
	switch (opt) {
	case 'V':
		c->version = true;
		return true;
	case 's':
		c->silent = true;
		return true;
	case 'v':
		c->verbose++;
		return true;
	case X_CONFIGDUMP:
		c->configdump = true;
		c->json = optarg != NULL && strcmp(optarg, "json") == 0;
		c->bad_form =
		    optarg != NULL && !c->json && strcmp(optarg, "python") != 0;
		return true;
	case X_CHECKCONFIG:
		c->check_config = true;
		return true;
	case X_EXPLAINTLS:
		c->explain_tls = true;
		return true;
	case X_QUOTE:
		c->quote = true;
		return true;
	case X_DRYRUN:
		c->dry_run = true;
		c->check = true;
		break;
	case 'c':
		c->check = true;
		break;
	case 'N':
		c->nodetach = true;
		break;
	case 'q':
		c->quit = true;
		break;
	case 'f':
		c->rc = optarg;
		c->names_files = true;
		return true;
	case 'y':
		break;
	default:
		return false;
	}
	c->blocks_wakeup = true;
	return true;
}

/* Files of a running daemon: naming them asks for nothing new. */
static bool is_file(enum option_id id)
{
	return id == OPT_IDFILE || id == OPT_PIDFILE || id == OPT_LOGFILE;
}

static int one_option(struct cli *c, int opt, struct arena *a)
{
	const struct option_row *r;
	size_t i;

	if (own_option(c, opt))
		return -1;
	for (i = 0; i < NELEM(offs); i++)
		if (offs[i].c == opt) {
			c->blocks_wakeup = true;
			options_set_num(&c->opts, offs[i].id, 0);
			return -1;
		}
	for (i = 0; i < OPT_COUNT; i++) {
		r = option_row((enum option_id)i);
		if (opt != BASE + (int)i &&
		    (r->shortopt == 0 || opt != r->shortopt))
			continue;
		*(is_file((enum option_id)i) ? &c->names_files
					     : &c->blocks_wakeup) = true;
		return set_row(&c->opts, r, optarg, a);
	}
	bug("option %d has no row", opt);
}

static const struct option *long_options(struct arena *a)
{
	struct option *all = arena_array(a, OPT_COUNT + NELEM(extras) + 1,
			  sizeof(*all)),
		      *at = all;
	const struct option_row *r;
	size_t i;

	for (i = 0; i < OPT_COUNT; i++) {
		r = option_row((enum option_id)i);
		if (r->longopt == NULL)
			continue;
		*at++ = (struct option){ r->longopt,
			r->type == TYPE_FLAG ? no_argument : required_argument,
			NULL, BASE + (int)i };
	}
	for (i = 0; i < NELEM(extras); i++)
		*at++ = extras[i];
	return all;
}

/* -S, -m and --bsmtp are three ways out: one is enough. */
static int check_combinations(const struct cli *c)
{
	int ways = opt_is_set(&c->opts, OPT_SMTPHOST) +
	    opt_is_set(&c->opts, OPT_MDA) + opt_is_set(&c->opts, OPT_BSMTP);

	if (ways <= 1)
		return -1;
	usage(stderr);
	return PS_SYNTAX;
}

int cli_parse(struct cli *c, int argc, char **argv, struct arena *a)
{
	const struct option *longs = long_options(a);
	int opt, rc, last_quit = 0;

	memset(c, 0, sizeof(*c));
	c->argv = argv;
	optind = 0; /* from the start, each time */
	while ((opt = getopt_long(argc, argv, SHORTS, longs, NULL)) != -1) {
		if (opt == '?' && (optopt == 0 || optopt == '?') &&
		    (strcmp(argv[optind - 1], "-?") == 0 ||
			strncmp(argv[optind - 1], "--h", 3) == 0)) {
			usage(stdout);
			return 0;
		}
		if (opt == '?') {
			usage(stdout);
			return PS_SYNTAX;
		}
		if (opt == 'q')
			last_quit = optind;
		rc = one_option(c, opt, a);
		if (rc >= 0)
			return rc;
	}
	c->servers = argv + optind;
	c->n = argc - optind;
	c->quit_only = c->quit && last_quit == argc;
	if (c->bad_form)
		return bad_value("configdump form", "json or python");
	return check_combinations(c);
}
