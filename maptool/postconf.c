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
#include "maptool/master_edit.h"
#include "maptool/master_show.h"
#include "maptool/postconf_edit.h"
#include "maptool/postconf_facts.h"
#include "maptool/postconf_show.h"

#define DEFAULT_DIR "/etc/postfix"
/* All options, in the order in which messages name them. */
#define LETTERS "aAbdefFhHjlmMnopPqtTxX#"

#define USAGE                                                                 \
	"usage: %s [-a (server SASL types)] [-A (client SASL types)] "        \
	"[-b (bounce templates)] [-c config_dir] [-C param_class] "           \
	"[-d (parameter defaults)] [-e (edit configuration)] "                \
	"[-f (fold lines)] [-F (master.cf fields)] [-h (no names)] "          \
	"[-H (no values)] [-j (JSON)] [-l (lock types)] [-m (map types)] "    \
	"[-M (master.cf)] [-n (non-default parameters)] "                     \
	"[-o name=value (override parameter value)] [-p (main.cf, default)] " \
	"[-P (master.cf parameters)] [-q (no warnings of unused ones)] "      \
	"[-t (bounce templates)] "                                            \
	"[-T compile-version|run-version|public-key-algorithms] "             \
	"[-v (verbose)] [-x (expand parameter values)] [-X (exclude)] "       \
	"[-# (comment-out)] [name...]"

/* What cannot be given together. */
static const char *const exclusive[] = {
	"aAblmMFpPtT", /* modes */
	"denX#",
	"ehHjX#",
	"efjX#",
	"eoX#",
	"exX#",
	"do",
	"hHj",
	"fj",
};

/* Options that mean nothing in a mode. */
static const struct {
	char mode;
	const char *options;
} useless[] = {
	{ 'a', "defhHjnoxX#" },
	{ 'A', "defhHjnoxX#" },
	{ 'b', "defhHjnoxX#" },
	{ 'l', "defhHjnoxX#" },
	{ 'm', "defhHjnoxX#" },
	{ 't', "defhHjnoxX#" },
	{ 'T', "defhHjnoxX#" },
	{ 'M', "dhHn" },
	{ 'F', "dnX#" },
	{ 'P', "dn#" },
};

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
	for (i = 0; i < NELEM(useless); i++)
		if (pc_has(pc, useless[i].mode) &&
		    name_options(pc, useless[i].options, &said) > 0)
			log_fatal("with option -%c, do not specify%s",
			    useless[i].mode, buf_c(&said));
	if (pc->effective && name_options(pc, "eX#", &said) > 0)
		log_fatal("with option -PP, do not specify%s", buf_c(&said));
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
		{ "vdeliver", PC_VDELIVER },
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
	while (
	    (c = getopt(argc, argv, "+aAbc:C:deEfFhHjlmMno:pPqtT:vxX#")) > 0) {
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
		case 'P':
			pc->effective = pc_has(pc, 'P');
			pc->options |= bit('P');
			break;
		case 'T':
			if (pc->tls_mode != NULL)
				log_fatal("At most one -T <mode> option may be "
					  "specified");
			pc->tls_mode = optarg;
			pc->options |= bit('T');
			break;
		case 'v':
			pc->verbose = true;
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

void pc_verbose(const struct postconf *pc, const char *what, const char *file)
{
	if (pc->verbose)
		log_info("%s %s/%s", what, pc->dir, file);
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

/* main.cf, or the defaults alone. */
static void read_conf(struct postconf *pc)
{
	struct err e;

	/* As if built in, -d names the default directory. */
	pc->conf = conf_defaults(pc_has(pc, 'd') ? DEFAULT_DIR : pc->dir);
	conf_like_37(pc->conf);
	if (pc_has(pc, 'd'))
		return;
	/* main.cf may say another one, but -n always names it. */
	conf_set(pc->conf, STR("config_directory"), str_c(pc->dir));
	pc_verbose(pc, "reading", "main.cf");
	if (conf_read(pc->conf, &e) != ST_OK)
		log_fatal("%s", e.text);
	override(pc);
}

/* -M, -F or -P, NULL: main.cf. */
static const struct master_mode *find_master_mode(const struct postconf *pc)
{
	const char *p = "MFP";

	while (*p != '\0' && !pc_has(pc, *p))
		p++;
	return master_mode(*p);
}

static int show(struct postconf *pc, const struct master_mode *master)
{
	struct pc_names n;
	int rc;

	pc_verbose(pc, "reading", "master.cf");
	if (master != NULL)
		pc_names_read(&n, pc->dir, true);
	read_conf(pc);
	if (master == NULL)
		pc_names_read(&n, pc->dir, false);
	pc_names_learn(&n, pc->conf, !pc_has(pc, 'd'));
	rc = master != NULL ? pc_show_master(pc, &n, master) : pc_show(pc, &n);
	if (!pc_has(pc, 'd') && !pc_has(pc, 'q')) {
		if (master == NULL)
			pc_warn_unused_main(&n);
		pc_warn_unused_master(&n);
	}
	pc_names_clear(&n);
	return rc;
}

static int run(struct postconf *pc)
{
	const struct master_mode *master = find_master_mode(pc);
	int rc;

	if (pc_show_facts(pc, &rc))
		return rc;
	if (!pc_has(pc, 'e') && !pc_has(pc, 'X') && !pc_has(pc, '#'))
		return show(pc, master);
	return master != NULL ? pc_edit_master(pc, master) : pc_edit(pc);
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
	rc = run(&pc);
	conf_free(pc.conf);
	free(pc.override);
	return rc;
}
