/* param - typed values, by the rows of params.def. */

#include <stdlib.h>

#include "base/num.h"
#include "conf/conf.h"

#define PARAM(n, t, ...) { .name = #n, .type = PARAM_##t, .def = __VA_ARGS__ },
static const struct param rows[] = {
#include "conf/params.def"
};
#undef PARAM

const struct param *param_rows(size_t *count)
{
	*count = NELEM(rows);
	return rows;
}

static int by_name(const void *key, const void *row)
{
	return strcmp(key, ((const struct param *)row)->name);
}

const struct param *param_find(const char *name)
{
	return bsearch(name, rows, NELEM(rows), sizeof(rows[0]), by_name);
}

static enum st bad_number(struct err *e, const char *name, const char *value)
{
	return err_temp(e, "4.3.5", "bad numerical configuration: %s = %s",
	    name, value);
}

enum st conf_int(struct conf *c, const char *name, int64_t *v, struct err *e)
{
	const struct param *p = param_find(name);
	int64_t max = p != NULL && p->max > INT32_MAX ? p->max : INT32_MAX;
	const char *text;
	enum st st = conf_str(c, name, &text, e);
	int64_t got;

	if (st != ST_OK)
		return st;
	if (!num_i64(str_c(text), -max - 1, max, &got))
		return bad_number(e, name, text);
	if (p != NULL && p->min != 0 && got < p->min)
		return err_temp(e, "4.3.5",
		    "invalid %s parameter value %jd < %jd", name, (intmax_t)got,
		    (intmax_t)p->min);
	if (p != NULL && p->max != 0 && got > p->max)
		return err_temp(e, "4.3.5",
		    "invalid %s parameter value %jd > %jd", name, (intmax_t)got,
		    (intmax_t)p->max);
	*v = got;
	return ST_OK;
}

enum st conf_bool(struct conf *c, const char *name, bool *v, struct err *e)
{
	const char *text;
	enum st st = conf_str(c, name, &text, e);

	if (st != ST_OK)
		return st;
	*v = str_ieq(str_c(text), STR("yes"));
	if (!*v && !str_ieq(str_c(text), STR("no")))
		return err_temp(e, "4.3.5",
		    "bad boolean configuration: %s = %s", name, text);
	return ST_OK;
}

enum st conf_time(struct conf *c, const char *name, int64_t *v, struct err *e)
{
	const struct param *p = param_find(name);
	char unit = p != NULL && p->unit != '\0' ? p->unit : 's';
	const char *text;
	enum st st = conf_str(c, name, &text, e);
	int64_t got;

	if (st != ST_OK)
		return st;
	if (!num_time(str_c(text), unit, &got))
		return err_temp(e, "4.3.5",
		    "parameter %s: bad time value or unit: %s", name, text);
	if (p != NULL && p->min != 0 && got < p->min)
		return err_temp(e, "4.3.5", "invalid %s: %jd (min %jd)", name,
		    (intmax_t)got, (intmax_t)p->min);
	*v = got;
	return ST_OK;
}

/* Cut "N", "N.N" or "N.N.N" into numbers; what is missing is 0. */
static bool parse_level(struct str s, uint64_t part[3])
{
	struct str piece;
	bool more = true;
	size_t i;

	memset(part, 0, 3 * sizeof(*part));
	for (i = 0; i < 3 && more; i++) {
		more = str_cut(&s, '.', &piece);
		if (!num_u64(piece, INT32_MAX, &part[i]))
			return false;
	}
	return !more;
}

enum st compat_level_cmp(struct str a, struct str b, int *result, struct err *e)
{
	uint64_t x[3], y[3];
	bool good = parse_level(a, x);
	size_t i;

	if (!good || !parse_level(b, y))
		return err_temp(e, "4.3.5",
		    "malformed compatibility level syntax: \"%.*s\"",
		    STR_ARG(good ? b : a));
	*result = 0;
	for (i = 0; i < 3 && *result == 0; i++)
		*result = x[i] < y[i] ? -1 : x[i] > y[i];
	return ST_OK;
}
