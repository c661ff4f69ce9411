/*
 * A main.cf: its lines, each parameter by its type, and edits of it; its own
 * first lines are what is edited.
 */

#include "conf/conf.h"
#include "conf/main_cf.h"
#include "maptool/postconf_edit.h"
#include "tests/fuzz/fuzz.h"

static bool ask(const char *name, const char *value UNUSED, void *arg)
{
	const struct param *p = param_find(name);
	struct conf *c = arg;
	const char *text;
	struct err e;
	int64_t n;
	bool yes;

	switch (p != NULL ? p->type : PARAM_STR) {
	case PARAM_INT:
		return conf_int(c, name, &n, &e) != ST_PERM;
	case PARAM_BOOL:
		return conf_bool(c, name, &yes, &e) != ST_PERM;
	case PARAM_TIME:
		return conf_time(c, name, &n, &e) != ST_PERM;
	default:
		return conf_str(c, name, &text, &e) != ST_PERM;
	}
}

static void edit(struct str text, enum edit_mode mode)
{
	AUTO_BUF out = BUF_MAX((size_t)1 << 20);
	struct str rest = text;
	struct edit edits[2] = { 0 };
	struct err e;

	if (main_cf_split(fuzz_line(&rest), &edits[0].name, &edits[0].value,
		&e) != ST_OK ||
	    main_cf_split(fuzz_line(&rest), &edits[1].name, &edits[1].value,
		&e) != ST_OK)
		return;
	edit_text(text, mode, edits,
	    str_cmp(edits[0].name, edits[1].name) < 0 ? 2 : 1, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);
	struct conf *c;
	const char *v;
	struct err e;

	if (conf_load(&c, fuzz_folder("main.cf", text), &e) == ST_OK) {
		conf_each(c, ask, c);
		if (conf_str(c, "smtpd_banner", &v, &e) == ST_OK &&
		    conf_str(c, "mynetworks", &v, &e) == ST_OK)
			conf_unset(c, "mydomain");
		conf_free(c);
	}
	edit(text, EDIT_SET);
	edit(text, EDIT_DROP);
	edit(text, EDIT_COMMENT);
	return 0;
}
