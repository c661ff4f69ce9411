/*
 * Tests of changes to a table that is there: in a copy or in place, all of
 * them or none, and under a lock.
 */

#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/macros.h"
#include "map/aside.h"
#include "map/build.h"

static char dir[] = "/tmp/test_aside.XXXXXX";

static const struct {
	const char *type, *suffix;
} files[] = {
	{ "hash", ".db" },
	{ "btree", ".db" },
	{ "lmdb", ".lmdb" },
};

static const char *spec(size_t i)
{
	static char s[200];

	snprintf(s, sizeof(s), "%s:%s/%s", files[i].type, dir, files[i].type);
	return s;
}

static const char *path(size_t i)
{
	static char s[200];

	snprintf(s, sizeof(s), "%s/%s%s", dir, files[i].type, files[i].suffix);
	return s;
}

/* keys: "a b c", each with value 1. */
static struct map_build *put_all(size_t i, const char *keys, bool add,
    bool aside)
{
	struct map_build_how how = { .flags = MAP_FOLD,
		.add = add,
		.aside = aside,
		.mode = 0644,
		.uid = (uid_t)-1 };
	struct str rest = str_c(keys), key;
	struct map_build *b;
	struct err e;

	if (map_build_open(&b, str_c(spec(i)), "hash", &how, &e) != ST_OK)
		fail_msg("%s: %s", spec(i), e.text);
	while (str_word(&rest, " ", &key))
		if (map_build_put(b, key, STR("1"), &e) != ST_OK)
			fail_msg("%s", e.text);
	return b;
}

static void build(size_t i, const char *keys)
{
	struct err e;

	assert_int_equal(map_build_commit(put_all(i, keys, false, false), &e),
	    ST_OK);
}

/* Which of a, b, c and d a new reader finds. */
static const char *there(size_t i)
{
	static char found[10];
	static const char *const keys[] = { "a", "b", "c", "d" };
	AUTO_BUF val = BUF_MAX(100);
	struct map *m;
	struct err e;
	size_t k, n = 0;

	if (map_open(&m, str_c(spec(i)), "hash", MAP_FOLD, &e) != ST_OK)
		fail_msg("%s", e.text);
	for (k = 0; k < NELEM(keys); k++)
		if (map_get(m, str_c(keys[k]), &val, &e) == ST_OK)
			found[n++] = *keys[k];
	found[n] = '\0';
	map_close(m);
	return found;
}

static size_t count_files(void)
{
	DIR *d = opendir(dir);
	const struct dirent *f;
	size_t n = 0;

	assert_non_null(d);
	while ((f = readdir(d)) != NULL)
		n +=
		    strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0;
	closedir(d);
	return n;
}

/* A lock like a reader's, without waiting. */
static bool is_locked(size_t i)
{
	AUTO_FD fd = open(path(i), O_RDONLY | O_CLOEXEC);
	struct flock range = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	assert_true(fd >= 0);
	return strcmp(files[i].suffix, ".db") == 0
	    ? flock(fd, LOCK_SH | LOCK_NB) != 0
	    : fcntl(fd, F_OFD_SETLK, &range) != 0;
}

/* A look at the file as it is on disk, whoever has locked it. */
static bool on_disk(size_t i, const char *key)
{
	AUTO_BUF copy = BUF_MAX(1 << 20);
	AUTO_BUF val = BUF_MAX(100);
	AUTO_FD fd = -1;
	char name[200], copied[sizeof(name) + 40];
	struct map *m;
	struct err e;
	enum st st;

	assert_int_equal(io_read_file(path(i), &copy, &e), ST_OK);
	snprintf(name, sizeof(name), "%s/look", dir);
	snprintf(copied, sizeof(copied), "%s%s", name, files[i].suffix);
	fd = open(copied, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(io_write_full(fd, copy.p, copy.n));
	assert_int_equal(map_open_file(&m, str_c(spec(i)), "hash", MAP_FOLD,
			     copied, &e),
	    ST_OK);
	st = map_get(m, str_c(key), &val, &e);
	map_close(m);
	unlink(copied);
	return st == ST_OK;
}

static void deleted_aside(void **state)
{
	struct aside a;
	struct stat before, after;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		build(i, "a b c");
		assert_int_equal(chmod(path(i), 0640), 0);
		assert_int_equal(stat(path(i), &before), 0);
		assert_int_equal(aside_open(&a, str_c(spec(i)), "hash",
				     MAP_FOLD, &e),
		    ST_OK);
		assert_int_equal(map_del(a.map, STR("A"), &e), ST_OK);
		assert_int_equal(map_del(a.map, STR("b"), &e), ST_OK);
		assert_int_equal(map_del(a.map, STR("x"), &e), ST_NONE);
		/* Nobody sees any of it yet. */
		assert_true(on_disk(i, "a") && on_disk(i, "b"));
		assert_int_equal(aside_commit(&a, &e), ST_OK);
		assert_string_equal(there(i), "c");
		assert_int_equal(stat(path(i), &after), 0);
		assert_int_not_equal(before.st_ino, after.st_ino);
		assert_int_equal(after.st_mode & 07777, 0640);
	}
	assert_int_equal(count_files(), NELEM(files));
}

static void discarded_aside(void **state)
{
	struct aside a;
	struct stat before, after;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		build(i, "a b");
		assert_int_equal(stat(path(i), &before), 0);
		assert_int_equal(aside_open(&a, str_c(spec(i)), "hash",
				     MAP_FOLD, &e),
		    ST_OK);
		assert_true(is_locked(i));
		assert_int_equal(map_del(a.map, STR("a"), &e), ST_OK);
		aside_discard(&a);
		assert_false(is_locked(i));
		assert_string_equal(there(i), "ab");
		assert_int_equal(stat(path(i), &after), 0);
		assert_int_equal(before.st_ino, after.st_ino);
		assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	}
}

static void added_aside(void **state)
{
	struct map_build *b;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		build(i, "a");
		assert_int_equal(chmod(path(i), 0600), 0);
		b = put_all(i, "b c", true, true);
		assert_true(on_disk(i, "a") && !on_disk(i, "b"));
		map_build_discard(b);
		assert_string_equal(there(i), "a");
		b = put_all(i, "b c", true, true);
		assert_int_equal(map_build_commit(b, &e), ST_OK);
		assert_string_equal(there(i), "abc");
	}
}

static void refused(void **state)
{
	static const struct {
		const char *spec, *error;
	} bad[] = {
		{ "static:x", "table static:x cannot be changed in a copy" },
		{ "cdb:x", "table cdb:x cannot be changed in a copy" },
		{ "hash:/no/such",
		    "open database /no/such.db: No such file "
		    "or directory" },
	};
	struct aside a;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		assert_int_equal(aside_open(&a, str_c(bad[i].spec), "hash", 0,
				     &e),
		    ST_TEMP);
		assert_string_equal(e.text, bad[i].error);
	}
}

/*
 * What is deleted in place is on disk as soon as it is deleted, and locked
 * until then: no reader gets pages of two tables.
 */
static void deleted_in_place(void **state)
{
	struct map *m;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		build(i, "a b");
		assert_int_equal(map_open(&m, str_c(spec(i)), "hash",
				     MAP_FOLD | MAP_WRITE, &e),
		    ST_OK);
		assert_int_equal(map_del(m, STR("a"), &e), ST_OK);
		assert_true(is_locked(i));
		assert_false(on_disk(i, "a"));
		assert_true(on_disk(i, "b"));
		map_close(m);
		assert_false(is_locked(i));
		assert_string_equal(there(i), "b");
	}
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
	DIR *d = opendir(dir);
	const struct dirent *f;

	(void)state;
	while ((f = readdir(d)) != NULL)
		unlinkat(dirfd(d), f->d_name, 0);
	closedir(d);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deleted_aside),
		cmocka_unit_test(discarded_aside),
		cmocka_unit_test(added_aside),
		cmocka_unit_test(refused),
		cmocka_unit_test(deleted_in_place),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
