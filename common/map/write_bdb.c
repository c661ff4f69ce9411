/* write_bdb - hash: and btree: files are written by Berkeley DB. */

#include <db.h>
#include <errno.h>
#include <stdint.h>

#include "map/types.h"
#include "map/writer.h"

#define CACHE_BYTES (64u << 20)

static enum st fail(const struct writer *w, struct err *e, const char *what,
    int rc)
{
	errno = rc > 0 ? rc : EINVAL;
	return err_temp(e, "", "%s %s: %m", what, w->shown);
}

static void quiet(const DB_ENV *env UNUSED, const char *prefix UNUSED,
    const char *text UNUSED)
{
	/* What matters is in the return code. */
}

static enum st check_type(const struct writer *w, DB *db, DBTYPE type,
    struct err *e)
{
	DBTYPE is = DB_UNKNOWN;
	int rc = db->get_type(db, &is);

	return rc == 0 && is == type ? ST_OK
				     : fail(w, e, "open database", EINVAL);
}

static enum st open_type(struct writer *w, DBTYPE type, struct err *e)
{
	DB *db;
	int rc = db_create(&db, NULL, 0);

	if (rc != 0)
		return fail(w, e, "create database", rc);
	w->state = db;
	db->set_errcall(db, quiet);
	db->set_cachesize(db, 0, CACHE_BYTES, 1);
	rc = db->open(db, NULL, w->path, NULL, w->fresh ? type : DB_UNKNOWN,
	    w->fresh ? DB_CREATE | DB_TRUNCATE : 0, 0600);
	if (rc != 0)
		return fail(w, e, "open database", rc);
	return w->fresh ? ST_OK : check_type(w, db, type, e);
}

static enum st open_hash(struct writer *w, struct err *e)
{
	return open_type(w, DB_HASH, e);
}

static enum st open_btree(struct writer *w, struct err *e)
{
	return open_type(w, DB_BTREE, e);
}

static enum writer_style style(struct writer *w)
{
	DB *db = w->state;
	DBT k = { 0 }, v = { 0 };
	DBC *cursor;
	enum writer_style s = STYLE_UNKNOWN;

	if (db->cursor(db, NULL, &cursor, 0) != 0)
		return STYLE_UNKNOWN;
	if (cursor->get(cursor, &k, &v, DB_FIRST) == 0)
		s = k.size != 0 && ((char *)k.data)[k.size - 1] == '\0'
		    ? STYLE_NUL
		    : STYLE_BARE;
	cursor->close(cursor);
	return s;
}

static enum st put(struct writer *w, struct str key, struct str val,
    struct err *e)
{
	DB *db = w->state;
	DBT k = { .data = (void *)(uintptr_t)key.p, .size = (u_int32_t)key.n };
	DBT v = { .data = (void *)(uintptr_t)val.p, .size = (u_int32_t)val.n };
	int rc = db->put(db, NULL, &k, &v,
	    w->dup == DUP_REPLACE ? 0 : DB_NOOVERWRITE);

	if (rc == DB_KEYEXIST)
		return ST_NONE;
	return rc == 0 ? ST_OK : fail(w, e, "error writing", rc);
}

static enum st close_db(struct writer *w, bool save, struct err *e)
{
	DB *db = w->state;
	int rc;

	if (db == NULL)
		return ST_OK;
	w->state = NULL;
	rc = db->close(db, save ? 0 : DB_NOSYNC);
	return rc == 0 || !save ? ST_OK : fail(w, e, "flush database", rc);
}

const struct writer_ops writer_hash = {
	.type = &map_hash_ops,
	.suffix = ".db",
	.nul = true,
	.in_place = true,
	.keeps_mode = true,
	.empty_is_bad = true,
	.open = open_hash,
	.style = style,
	.put = put,
	.close = close_db,
};

const struct writer_ops writer_btree = {
	.type = &map_btree_ops,
	.suffix = ".db",
	.nul = true,
	.in_place = true,
	.keeps_mode = true,
	.empty_is_bad = true,
	.open = open_btree,
	.style = style,
	.put = put,
	.close = close_db,
};
