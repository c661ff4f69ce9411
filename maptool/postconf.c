/* postconf - options, what contradicts what, and who does the work. */

#include "maptool/postconf.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "conf/main_cf.h"
#include "maptool/postconf_edit.h"
#include "maptool/postconf_show.h"

#define DEFAULT_DIR "/etc/postfix"
/* All options, in the order in which messages name them. */
#define LETTERS "aAbdefFhHlmMnopPtTxX#"

#define USAGE                                                                 \
	"usage: %s [-c config_dir] [-C param_class] "                         \
	"[-d (parameter defaults)] [-e (edit configuration)] "                \
	"[-f (fold lines)] [-h (no names)] [-H (no values)] "                 \
	"[-l (lock types)] [-m (map types)] "                                 \
	"[-n (non-default parameters)] "                                      \
	"[-o name=value (override parameter value)] [-p (main.cf, default)] " \
	"[-v (verbose)] [-x (expand parameter values)] [-X (exclude)] "       \
	"[-# (comment-out)] [name...]"

/* What cannot be given together. */
static const char *const exclusive[] = {
	"aAblmMFpPtT", /* modes */
	"denX#",
	"ehHX#",
	"efX#",
	"eoX#",
	"exX#",
	"do",
};

/* Modes in which the options that work on parameters mean nothing. */
#define FACT_MODES "aAblmtT"
#define VALUE_OPTS "defhHnoxX#"

/* Modes of the original that are not there. */
#define ABSENT_MODES "aAbFMPtT"

static unsigned bit(char letter)
{
	const char *at = strchr(LETTERS, letter);

	return at != NULL ? 1U << (at - LETTERS) : 0;
}

bool pc_has(const struct postconf *pc, char letter)
{
	return (pc->options & bit(letter)) != 0;
}

/* " -x" for each of the letters that are on; their number. */
static unsigned name_options(const struct postconf *pc, const char *letters,
    struct buf *out)
{
	unsigned n = 0;

	for (const char *p = LETTERS; *p != '\0'; p++) {
		if (!pc_has(pc, *p) || strchr(letters, *p) == NULL)
			continue;
		buf_addf(out, " -%c", *p);
		n++;
	}
	return n;
}

static void check_options(const struct postconf *pc)
{
	AUTO_BUF said = BUF_MAX(200);
	size_t i;

	for (i = 0; i < NELEM(exclusive); i++) {
		if (name_options(pc, exclusive[i], &said) > 1)
			log_fatal("specify one of%s", buf_c(&said));
		buf_reset(&said);
	}
	for (const char *p = FACT_MODES; *p != '\0'; p++)
		if (pc_has(pc, *p) && name_options(pc, VALUE_OPTS, &said) > 0)
			log_fatal("with option -%c, do not specify%s", *p,
			    buf_c(&said));
	for (const char *p = ABSENT_MODES; *p != '\0'; p++)
		if (pc_has(pc, *p))
			log_fatal("option -%c is not supported yet", *p);
}

static unsigned read_classes(const char *text)
{
	static const struct {
		const char *name;
		unsigned class;
	} known[] = {
		{ "builtin", PC_BUILTIN },
		{ "service", PC_SERVICE },
		{ "user", PC_USER },
		{ "all", PC_ALL },
	};
	struct str rest = str_c(text), word;
	unsigned classes = 0;
	size_t i;

	while (str_word(&rest, ", \t\r\n", &word)) {
		for (i = 0; i < NELEM(known); i++)
			if (str_ieqc(word, known[i].name))
				break;
		if (i == NELEM(known))
			log_fatal("unknown -C option value \"%.*s\" in \"%s\"",
			    STR_ARG(word), text);
		classes |= known[i].class;
	}
	return classes;
}

static void read_options(struct postconf *pc, int argc, char **argv)
{
	size_t overrides = 0;
	int c;

	optind = 0; /* from the start, also in a second call */
	while ((c = getopt(argc, argv, "aAbc:C:defFhHlmMno:pPtT:vxX#")) > 0) {
		switch (c) {
		case 'c':
			pc->dir = optarg;
			break;
		case 'C':
			pc->classes = read_classes(optarg);
			break;
		case 'o':
			pc->override[overrides++] = optarg;
			pc->options |= bit('o');
			break;
		case 'v':
			break;
		default:
			if (bit((char)c) == 0)
				log_fatal(USAGE, argv[0]);
			pc->options |= bit((char)c);
		}
	}
	pc->names = argv + optind;
	/* name=value alone asks for editing. */
	if (pc->names[0] != NULL && strchr(pc->names[0], '=') != NULL)
		pc->options |= bit('e');
}

static void override(struct postconf *pc)
{
	struct str name, value;
	struct err e;

	for (char **p = pc->override; *p != NULL; p++) {
		if (main_cf_split(str_c(*p), &name, &value, &e) != ST_OK)
			log_fatal("invalid parameter override: %s: %s", *p,
			    e.text);
		conf_set(pc->conf, name, value);
	}
}

static int show(struct postconf *pc)
{
	struct err e;

	if (pc_has(pc, 'l'))
		return pc_show_locks();
	/* As if built in, -d names the default directory. */
	pc->conf = conf_defaults(pc_has(pc, 'd') ? DEFAULT_DIR : pc->dir);
	conf_like_37(pc->conf);
	if (!pc_has(pc, 'd')) {
		/* main.cf may say another one, but -n always names it. */
		conf_set(pc->conf, STR("config_directory"), str_c(pc->dir));
		if (conf_read(pc->conf, &e) != ST_OK)
			log_fatal("%s", e.text);
		override(pc);
	}
	return pc_has(pc, 'm') ? pc_show_types() : pc_show(pc);
}

int postconf_main(int argc, char **argv)
{
	struct postconf pc = { .classes = PC_ALL,
		.dir = getenv("MAIL_CONFIG") };
	int rc;

	if (pc.dir == NULL)
		pc.dir = DEFAULT_DIR;
	/* Not more of them than arguments. */
	pc.override = xcalloc((size_t)argc + 1, sizeof(*pc.override));
	read_options(&pc, argc, argv);
	check_options(&pc);
	if (pc_has(&pc, 'e') || pc_has(&pc, 'X') || pc_has(&pc, '#'))
		rc = pc_edit(&pc);
	else
		rc = show(&pc);
	conf_free(pc.conf);
	free(pc.override);
	return rc;
}
