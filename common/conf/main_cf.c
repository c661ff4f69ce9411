/* main_cf - lines to name = value. */

#include "conf/main_cf.h"

#include <stdint.h>

#include "base/log.h"
#include "conf/lines.h"

enum st main_cf_split(struct str line, struct str *name, struct str *value,
    struct err *e)
{
	struct str rest = str_trim(line);
	size_t n = 0;

	while (n < rest.n && rest.p[n] != '=' && !str_isspace(rest.p[n]))
		n++;
	*name = str_head(rest, n);
	rest = str_trim_left(str_skip(rest, n));
	if (name->n == 0)
		return err_temp(e, "4.3.5", "missing attribute name");
	if (rest.n == 0 || rest.p[0] != '=')
		return err_temp(e, "4.3.5", "missing '=' after attribute name");
	*value = str_trim(str_skip(rest, 1));
	return ST_OK;
}

static void warn(const char *text, void *file)
{
	log_warn("%s: %s", (const char *)file, text);
}

enum st main_cf_parse(struct str text, const char *file, main_cf_fn *fn,
    void *arg, struct err *e)
{
	struct str line, name, value;
	enum st st = ST_OK;
	struct lines l;
	struct err why;
	size_t number;

	lines_init(&l, text, warn, (void *)(uintptr_t)file);
	while (st == ST_OK && lines_next(&l, &line, &number)) {
		st = main_cf_split(line, &name, &value, &why);
		if (st == ST_OK)
			fn(name, value, number, arg);
		else
			err_temp(e, "4.3.5", "%s, line %zu: %s: \"%.*s\"", file,
			    number, why.text, STR_ARG(line));
	}
	lines_clear(&l);
	return st;
}
