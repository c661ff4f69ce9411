/* write_bdb - hash: and btree: files are written by Berkeley DB. */

#include <db.h>
#include <errno.h>
#include <stdint.h>

#include "map/bdb_file.h"
#include "map/types.h"
#include "map/writer.h"

#define CACHE_BYTES (16u << 20)
#define PAGE_BYTES  4096
/* What is left of a page for its records. */
#define PAGE_ROOM (PAGE_BYTES - 26)
/* Buckets are meant to fill this much of their pages, in percent. */
#define PAGE_FILL   85
#define MAX_BUCKETS (1u << 28)
/* A longer key or value leaves an entry of 12 bytes on the page. */
#define LONG_ITEM  (PAGE_BYTES / 4)
#define LONG_ENTRY 12

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

static enum st create(struct writer *w, DB **db, struct err *e)
{
	int rc = db_create(db, NULL, 0);

	if (rc != 0) {
		*db = NULL;
		return fail(w, e, "create database", rc);
	}
	(*db)->set_errcall(*db, quiet);
	(*db)->set_cachesize(*db, 0, CACHE_BYTES, 1);
	return ST_OK;
}

/* --- a new table --------------------------------------------------------- */

static enum st put_all(struct writer *w, DB *db, const struct bulk *b,
    struct err *e)
{
	const struct bulk_rec *r;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < bulk_count(b); i++) {
		DBT k = { 0 }, v = { 0 };

		bulk_soon(b, i + BULK_AHEAD);
		r = bulk_at(b, i);
		k.data = (void *)(uintptr_t)r->p;
		k.size = r->key_n;
		v.data = (void *)(uintptr_t)(r->p + r->key_n);
		v.size = r->val_n;
		rc = db->put(db, NULL, &k, &v, 0);
	}
	return rc == 0 ? ST_OK : fail(w, e, "error writing", rc);
}

static int no_sync(int fd UNUSED)
{
	return 0;
}

/*
 * db is as its type wants it, and is closed. Nobody reads the file before it
 * is synced as a whole and renamed: the library need not sync it three times.
 */
static enum st write_new(struct writer *w, DB *db, DBTYPE type,
    const struct bulk *b, struct err *e)
{
	enum st st;
	int rc;

	/* One who adds later will not find pages of another size. */
	db->set_pagesize(db, PAGE_BYTES);
	db_env_set_func_fsync(no_sync);
	rc = db->open(db, NULL, w->path, NULL, type, DB_CREATE | DB_TRUNCATE,
	    0600);
	st = rc == 0 ? put_all(w, db, b, e) : fail(w, e, "open database", rc);
	rc = db->close(db, st == ST_OK ? 0 : DB_NOSYNC);
	db_env_set_func_fsync(NULL);
	return st != ST_OK || rc == 0 ? st : fail(w, e, "flush database", rc);
}

/* What a record takes on its page: long items lie on pages of their own. */
static uint64_t page_bytes(const struct bulk *b)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < bulk_count(b); i++) {
		const struct bulk_rec *r = bulk_at(b, i);

		sum += (r->key_n > LONG_ITEM ? LONG_ENTRY : r->key_n + 1) +
		    (r->val_n > LONG_ITEM ? LONG_ENTRY : r->val_n + 1) + 4;
	}
	return sum;
}

/*
 * As many buckets as it takes, a power of two, made in advance; and bucket
 * after bucket, so that each page is written once and the cache stays small.
 *
 * The library makes as many as nelem / ffactor needs, and takes nelem for
 * records that are there already when it judges whether to split a bucket. So
 * nelem is just more than half of what these buckets may hold, and the records
 * fill the other half.
 */
static enum st fill_hash(struct writer *w, struct bulk *b, struct err *e)
{
	uint64_t wanted;
	uint32_t buckets = 2, each;
	DB *db;

	bulk_sort_by_input(b);
	wanted = page_bytes(b) * 100 / PAGE_FILL / PAGE_ROOM + 1;
	while (buckets < wanted && buckets < MAX_BUCKETS)
		buckets *= 2;
	bulk_sort_by_bucket(b, buckets - 1);
	if (create(w, &db, e) != ST_OK)
		return ST_TEMP;
	each = (uint32_t)(2 * (uint64_t)bulk_count(b) / buckets + 2);
	db->set_h_ffactor(db, each);
	db->set_h_nelem(db, buckets / 2 * each + 1);
	return write_new(w, db, DB_HASH, b, e);
}

static enum st fill_btree(struct writer *w, struct bulk *b, struct err *e)
{
	DB *db;

	bulk_sort_by_key(b);
	return create(w, &db, e) == ST_OK ? write_new(w, db, DB_BTREE, b, e)
					  : ST_TEMP;
}

/* --- adding to one ------------------------------------------------------- */

/* The library does not survive every file: look at it first. */
static enum st look(const struct writer *w, DBTYPE type, struct err *e)
{
	struct bdb_file f;
	enum st st = ST_OK;

	bdb_file_init(&f, w->fd, type == DB_HASH ? BDB_HASH : BDB_BTREE);
	if (!bdb_file_header(&f))
		st = err_temp(e, "", "open database %s: %m", w->shown);
	else if (bdb_file_check(&f) != ST_OK)
		st = err_temp(e, "",
		    "open database %s: it is damaged, build it again: %s",
		    w->shown, f.why);
	bdb_file_clear(&f);
	return st;
}

static enum st open_type(struct writer *w, DBTYPE type, struct err *e)
{
	DB *db;
	int rc;

	if (look(w, type, e) != ST_OK || create(w, &db, e) != ST_OK)
		return ST_TEMP;
	w->state = db;
	rc = db->open(db, NULL, w->path, NULL, DB_UNKNOWN, 0, 0600);
	return rc == 0 ? check_type(w, db, type, e)
		       : fail(w, e, "open database", rc);
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
	.fill = fill_hash,
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
	.fill = fill_btree,
	.open = open_btree,
	.style = style,
	.put = put,
	.close = close_db,
};
