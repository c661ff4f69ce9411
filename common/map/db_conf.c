/* db_conf - read the file of a database table. */

#include "map/db_conf.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "conf/main_cf.h"

#define FILE_LIMIT 1000000

struct reading {
	struct db *db;
	const struct db_engine *engine;
	struct db_value *values;
	size_t *set_at; /* the line that set it, 0: none yet */
};

static void one_line(struct str name, struct str value, size_t line, void *arg)
{
	struct reading *r = arg;
	const struct db_setting *s = r->engine->settings;
	size_t i;

	for (i = 0; i < r->engine->n_settings; i++)
		if (str_eqc(name, s[i].name))
			break;
	if (i == r->engine->n_settings || s[i].kind == DB_ABSENT) {
		log_warn("%s, line %zu: %s parameter \"%.*s\": ignored",
		    r->db->file, line,
		    i == r->engine->n_settings ? "unknown" : "unsupported",
		    STR_ARG(name));
		return;
	}
	if (r->set_at[i] != 0 && !str_eqc(value, r->values[i].text))
		log_warn("%s, line %zu: overriding earlier entry: %s=%s",
		    r->db->file, line, s[i].name, r->values[i].text);
	r->values[i].text = arena_strz(r->db->arena, value);
	r->set_at[i] = line;
}

static enum st bad(const struct db *d, const char *what,
    const struct db_setting *s, const char *text, struct err *e)
{
	return err_temp(e, "4.3.5", "%s: %s: %s = %s", d->file, what, s->name,
	    text);
}

static enum st check_number(const struct db *d, const struct db_setting *s,
    struct db_value *v, struct err *e)
{
	if (!num_i64(str_c(v->text), INT_MIN, INT_MAX, &v->number))
		return bad(d, "bad numerical configuration", s, v->text, e);
	if (v->number < s->min)
		return err_temp(e, "4.3.5",
		    "%s: invalid %s parameter value %s < %lld", d->file,
		    s->name, v->text, (long long)s->min);
	return ST_OK;
}

static enum st check_bool(const struct db *d, const struct db_setting *s,
    struct db_value *v, struct err *e)
{
	struct str text = str_c(v->text);

	v->number = str_ieqc(text, "yes");
	if (v->number == 0 && !str_ieqc(text, "no"))
		return bad(d, "bad boolean configuration", s, v->text, e);
	return ST_OK;
}

static enum st check(const struct db *d, const struct db_setting *s,
    struct db_value *v, struct err *e)
{
	if (v->text == NULL)
		v->text = s->def;
	if (v->text == NULL && s->kind != DB_WORD)
		return ST_OK;
	switch (s->kind) {
	case DB_WORD:
		if (v->text == NULL || *v->text == '\0')
			return bad(d, "bad string length 0 < 1", s, "", e);
		break;
	case DB_NUMBER:
		return check_number(d, s, v, e);
	case DB_BOOL:
		return check_bool(d, s, v, e);
	case DB_TEXT:
	case DB_ABSENT:
		break;
	}
	return ST_OK;
}

static enum st read_text(const char *file, struct buf *text, struct file_id *id,
    struct err *e)
{
	struct stat sb;
	AUTO_FD fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &sb) != 0)
		return err_temp(e, "4.3.0", "open %s: %m", file);
	file_id_set(id, &sb);
	return io_slurp(fd, file, text, e);
}

enum st db_conf_read(struct db *d, const struct db_engine *engine,
    struct file_id *id, struct err *e)
{
	size_t n = engine->n_settings, i;
	struct reading r = {
		.db = d,
		.engine = engine,
		.values = arena_array(d->arena, n, sizeof(*r.values)),
		.set_at = arena_array(d->arena, n, sizeof(*r.set_at)),
	};
	AUTO_BUF text = BUF_MAX(FILE_LIMIT);

	if (read_text(d->file, &text, id, e) != ST_OK ||
	    main_cf_parse(buf_str(&text), d->file, one_line, &r, e) != ST_OK)
		return ST_TEMP;
	for (i = 0; i < n; i++)
		if (check(d, &engine->settings[i], &r.values[i], e) != ST_OK)
			return ST_TEMP;
	d->values = r.values;
	return ST_OK;
}

const struct db_value *db_conf_value(const struct db *d,
    const struct db_engine *engine, const char *name)
{
	size_t i;

	for (i = 0; i < engine->n_settings; i++)
		if (str_eqc(str_c(name), engine->settings[i].name))
			return &d->values[i];
	return NULL;
}
