/* Tests of table types: what is built is found, deleted, noticed, kept. */

#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "map/build.h"
#include "map/map.h"
#include "tests/unit/capture.h"

static char dir[] = "/tmp/test_map.XXXXXX";

static const struct {
	const char *type, *suffix;
	bool deletes, lists;
} files[] = {
	{ "hash", ".db", true, true },
	{ "btree", ".db", true, true },
	{ "lmdb", ".lmdb", true, true },
#ifdef HAVE_CDB
	{ "cdb", ".cdb", false, false },
#endif
};

static const char *spec(const char *type)
{
	static char s[200];

	snprintf(s, sizeof(s), "%s:%s/%s", type, dir, type);
	return s;
}

static const char *path(size_t i)
{
	static char s[200];

	snprintf(s, sizeof(s), "%s/%s%s", dir, files[i].type, files[i].suffix);
	return s;
}

static struct map_build *start(const char *type, unsigned flags, bool add)
{
	struct map_build_how how = { .flags = flags,
		.add = add,
		.mode = 0640,
		.uid = (uid_t)-1 };
	struct map_build *b;
	struct err e;

	if (map_build_open(&b, str_c(spec(type)), "hash", &how, &e) != ST_OK)
		fail_msg("%s: %s", type, e.text);
	return b;
}

static void put(struct map_build *b, const char *key, const char *val)
{
	struct err e;

	if (map_build_put(b, str_c(key), str_c(val), &e) != ST_OK)
		fail_msg("%s: %s", key, e.text);
}

static void commit(struct map_build *b)
{
	struct err e;

	if (map_build_commit(b, &e) != ST_OK)
		fail_msg("%s", e.text);
}

static void build(const char *type, const char *key, const char *val)
{
	struct map_build *b = start(type, MAP_FOLD, false);

	put(b, key, val);
	commit(b);
}

static struct map *open_map(const char *s, unsigned flags)
{
	struct map *m;
	struct err e;

	if (map_open(&m, str_c(s), "hash", flags, &e) != ST_OK)
		fail_msg("%s: %s", s, e.text);
	return m;
}

/* want NULL: it is not there. */
static void check(struct map *m, const char *key, const char *want)
{
	AUTO_BUF val = BUF_MAX(100000);
	struct err e;
	enum st st = map_get(m, str_c(key), &val, &e);

	if (st != (want != NULL ? ST_OK : ST_NONE))
		fail_msg("%.*s: %s: %s %s", STR_ARG(m->spec), key, st_name(st),
		    st == ST_TEMP ? e.text : "");
	if (want != NULL)
		assert_str(buf_str(&val), want);
}

static void round_trip(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		struct map_build *b = start(files[i].type, MAP_FOLD, false);
		struct map *m;
		struct stat sb;

		put(b, "Key", "Value");
		put(b, "b c", "");
		put(b, "", "empty");
		commit(b);
		assert_int_equal(stat(path(i), &sb), 0);
		assert_int_equal(sb.st_mode & 07777, 0640);
		m = open_map(spec(files[i].type), MAP_FOLD);
		check(m, "kEY", "Value");
		check(m, "b c", "");
		check(m, "none", NULL);
		map_close(m);
	}
}

static void duplicates(void **state)
{
	static const struct {
		unsigned flag;
		const char *want;
		bool warned;
	} t[] = { { 0, "1", true }, { MAP_DUP_IGNORE, "1", false },
		{ MAP_DUP_REPLACE, "2", false } };
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(files); i++)
		for (k = 0; k < NELEM(t); k++) {
			struct map_build *b;
			struct map *m;

			capture_start();
			b = start(files[i].type, MAP_FOLD | t[k].flag, false);
			put(b, "a", "1");
			put(b, "A", "2");
			commit(b);
			capture_stop();
			assert_int_equal(strstr(captured,
					     "duplicate entry: \"a\"") != NULL,
			    t[k].warned);
			m = open_map(spec(files[i].type), MAP_FOLD);
			check(m, "a", t[k].want);
			map_close(m);
		}
}

/* After a build an open table says so, and still is the old one. */
static void noticed(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		struct map *m;

		build(files[i].type, "a", "old");
		m = open_map(spec(files[i].type), MAP_FOLD);
		assert_false(map_changed(m));
		check(m, "a", "old");
		build(files[i].type, "a", "new");
		assert_true(map_changed(m));
		check(m, "a", "old");
		map_close(m);
		m = open_map(spec(files[i].type), MAP_FOLD);
		check(m, "a", "new");
		map_close(m);
	}
}

static void added_in_place(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		struct map_build *b;
		struct stat before, after;
		struct map *m;

		if (!files[i].deletes)
			continue;
		/* Records without NUL: what is added has none, too. */
		b = start(files[i].type, MAP_FOLD | MAP_TRY0, false);
		put(b, "a", "1");
		commit(b);
		stat(path(i), &before);
		m = open_map(spec(files[i].type), MAP_FOLD | MAP_TRY0);
		b = start(files[i].type, MAP_FOLD, true);
		put(b, "b", "2");
		commit(b);
		stat(path(i), &after);
		assert_true(before.st_ino == after.st_ino);
		check(m, "a", "1");
		check(m, "b", "2");
		map_close(m);
	}
}

static unsigned count_files(void)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* Who gives up leaves the old table and nothing else. */
static void discarded(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		unsigned n;
		struct map_build *b;
		struct map *m;

		build(files[i].type, "a", "old");
		n = count_files();
		b = start(files[i].type, MAP_FOLD, false);
		put(b, "a", "new");
		assert_int_equal(count_files(), n + 1);
		map_build_discard(b);
		assert_int_equal(count_files(), n);
		m = open_map(spec(files[i].type), MAP_FOLD);
		check(m, "a", "old");
		map_close(m);
	}
}

/* What a dead process left is removed. */
static void left_over(void **state)
{
	char name[300];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "%s/.hash.db.new.1", dir);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	build("hash", "a", "1");
	assert_int_equal(access(name, F_OK), -1);
}

static void deleted_and_listed(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		struct map_build *b = start(files[i].type, MAP_FOLD, false);
		AUTO_BUF key = BUF_MAX(100);
		AUTO_BUF val = BUF_MAX(100);
		struct map *m;
		struct err e;

		put(b, "a", "1");
		put(b, "b", "2");
		commit(b);
		if (!files[i].deletes) {
			assert_int_equal(map_open(&m,
					     str_c(spec(files[i].type)), "hash",
					     MAP_WRITE, &e),
			    ST_TEMP);
			continue;
		}
		m = open_map(spec(files[i].type), MAP_FOLD | MAP_WRITE);
		assert_int_equal(map_del(m, STR("A"), &e), ST_OK);
		assert_int_equal(map_del(m, STR("A"), &e), ST_NONE);
		map_close(m);
		m = open_map(spec(files[i].type), MAP_FOLD);
		assert_int_equal(map_next(m, &key, &val, &e), ST_OK);
		assert_str(buf_str(&key), "b");
		assert_str(buf_str(&val), "2");
		assert_int_equal(map_next(m, &key, &val, &e), ST_NONE);
		map_close(m);
	}
}

/* Not tables at all: an error, whatever is in them. */
static void damaged(void **state)
{
	size_t i, k;
	static const char *const junk[] = { "", "x", "some text, no table" };

	(void)state;
	for (i = 0; i < NELEM(files); i++)
		for (k = 0; k < NELEM(junk); k++) {
			struct map *m;
			struct err e;
			int fd = open(path(i), O_WRONLY | O_TRUNC);

			assert_true(write(fd, junk[k], strlen(junk[k])) >= 0);
			close(fd);
			assert_int_equal(map_open(&m,
					     str_c(spec(files[i].type)), "hash",
					     MAP_FOLD, &e),
			    ST_TEMP);
			capture_start();
			build(files[i].type, "a", "1");
			capture_stop();
		}
}

static const struct {
	const char *spec, *key;
	const char *want; /* NULL: not there */
} combined[] = {
	{ "unionmap:{inline:{a=1},inline:{a=2,b=3}}", "A", "1,2" },
	{ "unionmap:{inline:{a=1},inline:{a=2,b=3}}", "b", "3" },
	{ "unionmap:{inline:{a=1},inline:{a=2,b=3}}", "c", NULL },
	{ "pipemap:{inline:{a=B},inline:{b=c}}", "A", "c" },
	{ "pipemap:{inline:{a=B},inline:{x=c}}", "a", NULL },
	{ "pipemap:{inline:{a=B},fail:x}", "z", NULL },
	{ "pipemap:{regexp:{{/^(.*)@/ $1}},inline:{user=1}}", "USER@x", "1" },
	{ "randmap:{x, x}", "any", "x" },
};

static void combinations(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(combined); i++) {
		struct map *m = open_map(combined[i].spec, MAP_FOLD);

		check(m, combined[i].key, combined[i].want);
		map_close(m);
	}
}

static const struct {
	const char *spec, *key;
	const char *want; /* NULL: not there */
} others[] = {
	{ "inline:{a=1,{b = x, y}}", "B", "x, y" },
	{ "inline:{a=1,a=2}", "a", "2" },
	{ "inline:{a=1}", "c", NULL },
	{ "static:5000", "any", "5000" },
	{ "static:{ a, b }", "any", "a, b" },
	{ "static:a:b", "any", "a:b" },
	{ "proxy:static:x", "k", "x" },
};

static void in_text(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(others); i++) {
		struct map *m = open_map(others[i].spec, MAP_FOLD);

		check(m, others[i].key, others[i].want);
		assert_true(map_pure(m));
		map_close(m);
	}
	setenv("test_map_variable", "v", 1);
	{
		struct map *m = open_map("environ:x", MAP_FOLD);

		check(m, "TEST_MAP_VARIABLE", "v");
		map_close(m);
	}
}

static const struct {
	const char *spec;
	unsigned flags;
	const char *want;
} bad[] = {
	{ "foo:bar", 0, "unsupported dictionary type: foo" },
	{ ":bar", 0,
	    "open dictionary: expecting \"type:name\" form instead "
	    "of \":bar\"" },
	{ "hash:/no/such", 0,
	    "open database /no/such.db: No such file or directory" },
	{ "texthash:/no/such", 0,
	    "open database /no/such: No such file or directory" },
	{ "static:{a", 0, "bad static:name syntax: missing '}' in \"{a\"" },
	{ "unionmap:{foo}", 0,
	    "bad syntax: \"unionmap:{foo}\"; need "
	    "\"unionmap:{type:name...}\"" },
	{ "randmap:a,b", 0,
	    "bad syntax: \"randmap:a,b\"; need \"randmap:{value...}\"" },
	{ "inline:{}", 0,
	    "bad syntax: \"inline:{}\"; need \"inline:{name=value...}\"" },
	{ "inline:{ }", 0,
	    "empty table: \"inline:{ }\"; need \"inline:{name=value...}\"" },
	{ "inline:{a}", 0,
	    "missing '=' after attribute name: \"inline:{a}\"; need "
	    "\"inline:{name=value...}\"" },
	{ "inline:{a=1}", MAP_WRITE,
	    "inline:{a=1} map requires O_RDONLY access mode" },
};

static void errors(void **state)
{
	struct map *m;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		assert_int_equal(map_open(&m, str_c(bad[i].spec), "hash",
				     bad[i].flags, &e),
		    ST_TEMP);
		assert_string_equal(e.text, bad[i].want);
	}
}

/* Tables in tables, as deep as it goes; one more is refused. */
static void nested(void **state)
{
	static const struct {
		const char *before, *after;
	} types[] = { { "debug:", "" }, { "unionmap:{", "}" },
		{ "pipemap:{", "}" } };
	size_t i, depth, k;

	(void)state;
	for (i = 0; i < NELEM(types); i++)
		for (depth = MAP_INNER_MAX; depth < MAP_INNER_MAX + 2;
		     depth++) {
			AUTO_BUF spec = BUF_MAX(1000);
			struct map *m = NULL;
			struct err e;

			for (k = 0; k < depth; k++)
				buf_addc(&spec, types[i].before);
			buf_addc(&spec, "static:x");
			for (k = 0; k < depth; k++)
				buf_addc(&spec, types[i].after);
			capture_start();
			assert_int_equal(map_open(&m, buf_str(&spec), "hash", 0,
					     &e),
			    depth == MAP_INNER_MAX ? ST_OK : ST_TEMP);
			map_close(m);
			capture_stop();
			if (depth > MAP_INNER_MAX)
				assert_string_equal(e.text,
				    "tables are nested too deep: "
				    "\"static:x\"");
		}
}

/* Keys that are no UTF-8 are not there; values that are none are errors. */
static void utf8(void **state)
{
	struct map *m = open_map("inline:{a=1,b=\xff}", MAP_FOLD | MAP_UTF8);
	AUTO_BUF val = BUF_MAX(100);
	struct err e;

	(void)state;
	capture_start();
	check(m, "a\xff", NULL);
	assert_non_null(strstr(captured, "non-UTF-8 key \"a?\": malformed"));
	assert_int_equal(map_get(m, STR("b"), &val, &e), ST_TEMP);
	assert_non_null(strstr(captured, "key \"b\": non-UTF-8 value \"?\""));
	capture_stop();
	map_close(m);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL ? 0 : -1;
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
		cmocka_unit_test(round_trip),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(noticed),
		cmocka_unit_test(added_in_place),
		cmocka_unit_test(discarded),
		cmocka_unit_test(left_over),
		cmocka_unit_test(deleted_and_listed),
		cmocka_unit_test(damaged),
		cmocka_unit_test(combinations),
		cmocka_unit_test(in_text),
		cmocka_unit_test(errors),
		cmocka_unit_test(nested),
		cmocka_unit_test(utf8),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
