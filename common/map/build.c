/* build - write a table beside the old one, and put it in its place. */

#include "map/build.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "map/lock.h"
#include "map/types.h"

#define CACHE_BYTES (64u << 20)
#define KEY_MAX     70000

struct map_build {
	struct map shape; /* flags and type, for folding */
	struct map_build_how how;
	DB *db;
	DBTYPE type;
	const char *path; /* NAME.db, symbolic links resolved */
	const char *temp; /* beside it; NULL when adding in place */
	int lock;         /* the old file, locked; -1: there is none */
	bool had_zero_length;
};

static enum st db_fail(struct map_build *b, struct err *e, const char *what,
    int rc)
{
	errno = rc > 0 ? rc : EINVAL;
	return err_temp(e, "", "%s database %s: %m", what, b->path);
}

static void quiet(const DB_ENV *env UNUSED, const char *prefix UNUSED,
    const char *text UNUSED)
{
	/* What matters is in the return code. */
}

/* Lock the file that the path means now: another writer may have renamed. */
static enum st lock_old(struct map_build *b, struct err *e)
{
	struct stat held, there;

	for (;;) {
		b->lock = open(b->path, O_RDWR | O_CLOEXEC);
		if (b->lock < 0 && errno == EACCES)
			b->lock = open(b->path, O_RDONLY | O_CLOEXEC);
		if (b->lock < 0)
			return errno == ENOENT ? ST_OK
					       : db_fail(b, e, "open", errno);
		if (!lock_take(b->lock, LOCK_EXCLUSIVE) ||
		    fstat(b->lock, &held) != 0)
			return db_fail(b, e, "lock", errno);
		if (stat(b->path, &there) == 0 && there.st_dev == held.st_dev &&
		    there.st_ino == held.st_ino)
			break;
		fd_clear(&b->lock);
	}
	b->had_zero_length = held.st_size == 0;
	/* The old file's mode and owner stay, as if rewritten in place. */
	if (!b->how.add) {
		b->how.mode = held.st_mode & 07777;
		b->how.uid = held.st_uid;
		b->how.gid = held.st_gid;
	}
	return ST_OK;
}

static const char *temp_name(struct map_build *b)
{
	char dir[PATH_MAX], file[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", b->path);
	snprintf(file, sizeof(file), "%s", b->path);
	return arena_printf(&b->shape.arena, "%s/.%s.new.%ld", dirname(dir),
	    basename(file), (long)getpid());
}

/* A new file, empty; what a dead process of our pid left is in the way. */
static enum st make_temp(struct map_build *b, struct err *e)
{
	AUTO_FD fd = -1;

	b->temp = temp_name(b);
	unlink(b->temp);
	fd = open(b->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		return ST_OK;
	b->temp = NULL;
	return err_temp(e, "", "open database %s: %m", b->path);
}

static enum st open_db(struct map_build *b, struct err *e)
{
	bool fresh = b->temp != NULL || b->lock < 0;
	int rc = db_create(&b->db, NULL, 0);

	if (rc != 0)
		return db_fail(b, e, "create", rc);
	b->db->set_errcall(b->db, quiet);
	b->db->set_cachesize(b->db, 0, CACHE_BYTES, 1);
	if (!fresh && b->had_zero_length)
		return db_fail(b, e, "open", EINVAL);
	rc = b->db->open(b->db, NULL, b->temp != NULL ? b->temp : b->path, NULL,
	    fresh ? b->type : DB_UNKNOWN,
	    b->temp != NULL   ? DB_CREATE | DB_TRUNCATE
		: b->lock < 0 ? DB_CREATE
			      : 0,
	    0600);
	if (rc == 0 && !fresh) {
		DBTYPE is = DB_UNKNOWN;

		rc = b->db->get_type(b->db, &is);
		if (rc == 0 && is != b->type)
			rc = EINVAL;
	}
	return rc == 0 ? ST_OK : db_fail(b, e, "open", rc);
}

static enum st parse_spec(struct map_build *b, struct str spec,
    const char *default_type, struct err *e)
{
	struct str name = spec, type;
	char *real;

	if (str_starts(spec, STR("proxy:")))
		return err_temp(e, "",
		    "can't create maps via the proxy service");
	if (!str_cut(&name, ':', &type)) {
		name = spec;
		type = str_c(default_type);
	}
	if (name.n == 0 || type.n == 0)
		return err_temp(e, "",
		    "open dictionary: expecting "
		    "\"type:name\" form instead of \"%.*s\"",
		    STR_ARG(spec));
	b->shape.ops = map_type(type);
	if (b->shape.ops == NULL)
		return err_temp(e, "",
		    "unsupported dictionary type: %.*s. Is "
		    "the postfix-%.*s package installed?",
		    STR_ARG(type), STR_ARG(type));
	if (b->shape.ops != &map_hash_ops && b->shape.ops != &map_btree_ops)
		return err_temp(e, "",
		    "unsupported dictionary type: %.*s "
		    "does not support bulk-mode creation.",
		    STR_ARG(type));
	b->type = b->shape.ops == &map_hash_ops ? DB_HASH : DB_BTREE;
	b->path = arena_printf(&b->shape.arena, "%.*s.db", STR_ARG(name));
	real = realpath(b->path, NULL);
	if (real != NULL)
		b->path = arena_strz(&b->shape.arena, str_c(real));
	free(real);
	return ST_OK;
}

static enum st start(struct map_build *b, struct str spec,
    const char *default_type, struct err *e)
{
	if (parse_spec(b, spec, default_type, e) != ST_OK ||
	    lock_old(b, e) != ST_OK)
		return ST_TEMP;
	if (!b->how.add || b->lock < 0) {
		if (b->had_zero_length)
			log_warn("removing zero-length database file: %s",
			    b->path);
		if (make_temp(b, e) != ST_OK)
			return ST_TEMP;
	}
	return open_db(b, e);
}

enum st map_build_open(struct map_build **out, struct str spec,
    const char *default_type, const struct map_build_how *how, struct err *e)
{
	struct map_build *b = xcalloc(1, sizeof(*b));

	b->how = *how;
	b->shape.flags = how->flags;
	b->lock = -1;
	if (start(b, spec, default_type, e) != ST_OK) {
		map_build_discard(b);
		return ST_TEMP;
	}
	*out = b;
	return ST_OK;
}

enum st map_build_put(struct map_build *b, struct str key, struct str val,
    struct err *e)
{
	AUTO_BUF folded = BUF_MAX(KEY_MAX);
	unsigned nul = (b->how.flags & MAP_TRY0) != 0 ? 0 : 1;
	bool replace = (b->how.flags & MAP_DUP_REPLACE) != 0;
	char *valz;
	DBT k = { 0 }, v = { 0 };
	int rc;

	if (!map_fold_key(&b->shape, key, &folded))
		return err_temp(e, "", "key of more than %d bytes", KEY_MAX);
	valz = xstrndup(val);
	k.data = (void *)(uintptr_t)buf_c(&folded);
	k.size = (u_int32_t)(folded.n + nul);
	v.data = valz;
	v.size = (u_int32_t)(val.n + nul);
	rc = b->db->put(b->db, NULL, &k, &v, replace ? 0 : DB_NOOVERWRITE);
	free(valz);
	if (rc == DB_KEYEXIST) {
		if ((b->how.flags & MAP_DUP_IGNORE) == 0)
			log_warn("%s: duplicate entry: \"%s\"", b->path,
			    buf_c(&folded));
		return ST_OK;
	}
	return rc == 0 ? ST_OK : db_fail(b, e, "error writing", rc);
}

static enum st sync_dir(struct map_build *b, struct err *e)
{
	char dir[PATH_MAX];
	AUTO_FD fd = -1;

	snprintf(dir, sizeof(dir), "%s", b->path);
	fd = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return err_temp(e, "", "sync directory of %s: %m", b->path);
	return ST_OK;
}

/* The new file gets its mode and owner, reaches the disk, takes the name. */
static enum st put_in_place(struct map_build *b, struct err *e)
{
	AUTO_FD fd = open(b->temp, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return db_fail(b, e, "open", errno);
	if (geteuid() == 0 && b->how.uid != (uid_t)-1 &&
	    fchown(fd, b->how.uid, b->how.gid) != 0)
		return db_fail(b, e, "chown", errno);
	if (fchmod(fd, b->how.mode) != 0)
		return db_fail(b, e, "chmod", errno);
	if (fsync(fd) != 0)
		return db_fail(b, e, "flush", errno);
	if (rename(b->temp, b->path) != 0)
		return db_fail(b, e, "replace", errno);
	b->temp = NULL;
	return sync_dir(b, e);
}

enum st map_build_commit(struct map_build *b, struct err *e)
{
	int rc = b->db->close(b->db, 0);
	enum st st = ST_OK;

	b->db = NULL;
	if (rc != 0)
		st = db_fail(b, e, "flush", rc);
	else if (b->temp != NULL)
		st = put_in_place(b, e);
	else if (fsync(b->lock) != 0)
		st = db_fail(b, e, "flush", errno);
	map_build_discard(b);
	return st;
}

void map_build_discard(struct map_build *b)
{
	struct arena a;

	if (b == NULL)
		return;
	if (b->db != NULL)
		b->db->close(b->db, DB_NOSYNC);
	if (b->temp != NULL)
		unlink(b->temp);
	fd_clear(&b->lock);
	a = b->shape.arena;
	free(b);
	arena_clear(&a);
}
