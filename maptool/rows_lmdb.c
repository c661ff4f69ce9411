/* rows_lmdb - the records of an lmdb: file, read by a child process. */

#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "map/lock.h"
#include "map/nul.h"
#include "maptool/guard.h"
#include "maptool/rows_read.h"

/* So long it may be silent; a file of a million records takes a second. */
#define TIMEOUT_MS 20000
#define CHUNK      65536

/*
 * What the child writes: for each record two lengths, key and value; then an
 * end mark and a text, empty when all is well.
 */
struct head {
	size_t key, val;
};
#define END SIZE_MAX

struct job {
	const char *path;
	int out;
	struct buf line;
};

/* --- the child ----------------------------------------------------------- */

static void flush(struct job *j)
{
	if (!io_write_full(j->out, buf_c(&j->line), j->line.n))
		_exit(2);
	buf_reset(&j->line);
}

static void send(struct job *j, const struct head *h, const void *key,
    const void *val)
{
	buf_add(&j->line, (struct str){ (const char *)h, sizeof(*h) });
	buf_add(&j->line, (struct str){ key, h->key == END ? 0 : h->key });
	buf_add(&j->line, (struct str){ val, h->val });
	if (j->line.n >= CHUNK)
		flush(j);
}

/* Each key greater than the one before, and found by a search. */
static const char *check(MDB_txn *txn, MDB_dbi dbi, struct buf *last,
    const MDB_val *k, bool first)
{
	struct str key = { k->mv_data, k->mv_size };
	MDB_val search = *k, v;

	if (!first && str_cmp(buf_str(last), key) >= 0)
		return "keys are out of order";
	if (mdb_get(txn, dbi, &search, &v) != 0)
		return "a record that no lookup finds";
	buf_set(last, key);
	return NULL;
}

static const char *walk(struct job *j, MDB_txn *txn, MDB_dbi dbi)
{
	AUTO_BUF last = BUF_MAX(CHUNK);
	const char *why = NULL;
	MDB_cursor *cursor;
	MDB_stat stat;
	MDB_val k, v;
	size_t n = 0;
	int rc = mdb_stat(txn, dbi, &stat);

	if (rc == 0)
		rc = mdb_cursor_open(txn, dbi, &cursor);
	if (rc != 0)
		return mdb_strerror(rc);
	while ((rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0) {
		struct head h = { k.mv_size, v.mv_size };

		if (why == NULL)
			why = check(txn, dbi, &last, &k, n == 0);
		send(j, &h, k.mv_data, v.mv_data);
		n++;
	}
	mdb_cursor_close(cursor);
	if (rc != MDB_NOTFOUND)
		return mdb_strerror(rc);
	if (why == NULL && n != stat.ms_entries)
		return "another number of records than its head tells";
	return why;
}

static const char *open_and_walk(struct job *j)
{
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	MDB_dbi dbi = 0;
	int rc = mdb_env_create(&env);

	if (rc == 0)
		rc = mdb_env_open(env, j->path,
		    MDB_NOSUBDIR | MDB_NOLOCK | MDB_RDONLY, 0600);
	if (rc == 0)
		rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (rc == 0)
		rc = mdb_dbi_open(txn, NULL, 0, &dbi);
	return rc != 0 ? mdb_strerror(rc) : walk(j, txn, dbi);
}

static int child(int out, void *arg)
{
	struct job j = { arg, out, BUF_MAX(SIZE_MAX / 2) };
	const char *why = open_and_walk(&j);
	struct head end = { END, why == NULL ? 0 : strlen(why) };

	send(&j, &end, "", why == NULL ? "" : why);
	flush(&j);
	return 0;
}

/* --- the parent ---------------------------------------------------------- */

struct reader {
	struct guard guard;
	struct buf got;
	size_t at;   /* of got: what was used up */
	size_t left; /* so many bytes may still come: the file has no more */
};

static enum st more(struct reader *in, size_t want, struct err *e)
{
	enum st st = ST_OK;

	buf_shift(&in->got, in->at);
	in->at = 0;
	while (st == ST_OK && in->got.n < want) {
		size_t room, got;
		char *p = buf_room(&in->got, CHUNK, &room);

		if (p == NULL)
			return err_temp(e, "", "a record that is too large");
		st = guard_read(&in->guard, p, room, TIMEOUT_MS, &got, e);
		if (st == ST_OK && got == 0)
			return err_temp(e, "", "reading it failed");
		buf_grew(&in->got, got);
		if (got > in->left)
			return err_temp(e, "",
			    "more records than the file can hold");
		in->left -= got;
	}
	return st;
}

static enum st take(struct reader *in, size_t n, struct str *s, struct err *e)
{
	if (in->got.n - in->at < n && more(in, n, e) != ST_OK)
		return ST_TEMP;
	*s = (struct str){ in->got.p + in->at, n };
	in->at += n;
	return ST_OK;
}

/* ST_NONE: that was the last one. */
static enum st take_record(struct reader *in, struct rows *r, struct err *e)
{
	struct str raw, both;
	struct head h;
	bool end;

	if (take(in, sizeof(h), &raw, e) != ST_OK)
		return ST_TEMP;
	memcpy(&h, raw.p, sizeof(h));
	end = h.key == END;
	if (end)
		h.key = 0;
	if (h.key > in->got.max || h.val > in->got.max)
		return err_temp(e, "", "a record that is too large");
	if (take(in, h.key + h.val, &both, e) != ST_OK)
		return ST_TEMP;
	if (end)
		return h.val == 0 ? ST_NONE
				  : err_temp(e, "", "%.*s", STR_ARG(both));
	rows_add(r, str_head(both, h.key), str_skip(both, h.key), r->n);
	return ST_OK;
}

static enum st read_all(struct rows *r, const char *path, struct err *e)
{
	size_t size = (size_t)r->stat.st_size;
	struct reader in = { .got = BUF_MAX(size + (size_t)4 * CHUNK),
		/* Each record also takes some bytes of its page. */
		.left = size * 2 + CHUNK };
	struct err how = { "", "" };
	enum st st;
	int status;

	if (guard_start(&in.guard, child, (void *)(uintptr_t)path, e) != ST_OK)
		return ST_TEMP;
	do
		st = take_record(&in, r, e);
	while (st == ST_OK);
	/* How it died says more than that nothing came. */
	if (guard_end(&in.guard, st == ST_NONE ? TIMEOUT_MS : 0, &status,
		&how) != ST_OK &&
	    st == ST_NONE)
		st = err_temp(e, "", "%s", how.text);
	else if (st == ST_TEMP &&
	    str_search(str_c(how.text), STR("signal")) >= 0)
		err_temp(e, "", "the library that read it %s", how.text);
	buf_clear(&in.got);
	return st == ST_NONE ? ST_OK : ST_NONE;
}

enum st rows_read_lmdb(struct rows *r, const struct rows_file *file,
    const struct rows_how *how, struct err *e)
{
	AUTO_FD fd = open(file->path, O_RDONLY | O_CLOEXEC);
	enum st st;

	if (fd < 0 || !lock_take_range(fd, LOCK_SHARED) ||
	    fstat(fd, &r->stat) != 0)
		return err_temp(e, "", "open database %s: %m", file->path);
	r->is_file = true;
	r->info.type = "lmdb";
	if (r->stat.st_size == 0) {
		err_temp(e, "", "the file is empty");
		st = ST_NONE;
	} else {
		st = read_all(r, file->path, e);
	}
	r->info.records = r->n;
	if (st != ST_NONE)
		return st;
	r->info.problems = 1;
	if (how->problem != NULL)
		how->problem(e->text, how->arg);
	err_prefix(e, "%s: damaged: ", file->path);
	return ST_NONE;
}
