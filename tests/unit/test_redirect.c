/* Tests of hash: and btree: that stand for other types, or are missing. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/macros.h"
#include "map/map.h"
#include "map/redirect.h"
#include "tests/unit/capture.h"

static enum st configure(const char *settings, struct err *e)
{
	struct conf *c = conf_defaults("/tmp");
	struct str rest = str_c(settings), line, name;
	enum st st;

	while (str_word(&rest, ";", &line)) {
		str_cut(&line, '=', &name);
		conf_set(c, name, line);
	}
	st = redirect_configure(c, e);
	conf_free(c);
	return st;
}

#define ON     "non_bdb_migration_level=enable-redirect;"
#define LMDB   "default_database_type=lmdb;default_cache_db_type=lmdb"
#define LOGGED "redirecting hash:/x to lmdb:/x\n"

static const struct {
	const char *settings, *spec, *want, *log;
} cases[] = {
	{ "", "hash:/x", "hash:/x", "" },
	{ "non_bdb_migration_level=disable;" LMDB, "hash:/x", "hash:/x", "" },
	{ ON LMDB, "hash:/x", "lmdb:/x", LOGGED },
	{ ON LMDB, "btree:/x", "lmdb:/x", "redirecting btree:/x to lmdb:/x\n" },
	{ ON "default_database_type=cdb;default_cache_db_type=lmdb",
	    "hash:/a:b", "cdb:/a:b", "redirecting hash:/a:b to cdb:/a:b\n" },
	{ ON LMDB ";non_bdb_migration_log_redirect=no", "hash:/x", "lmdb:/x",
	    "" },
	{ "non_bdb_migration_level=enable-reindex;" LMDB, "hash:/x", "lmdb:/x",
	    LOGGED },
	{ ON LMDB, "lmdb:/x", "lmdb:/x", "" },
	{ ON LMDB, "static:hash", "static:hash", "" },
	{ ON LMDB, "/x", "/x", "" },
	/* The defaults are hash and btree themselves. */
	{ ON, "hash:/x", "hash:/x", "" },
	{ ON, "btree:/x", "btree:/x", "" },
	{ ON "default_database_type=btree;default_cache_db_type=lmdb",
	    "hash:/x", "hash:/x", "" },
};

static void test_redirect(void **state)
{
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_ARENA a = { NULL, 0 };

		if (configure(cases[i].settings, &e) != ST_OK)
			fail_msg("%s: %s", cases[i].settings, e.text);
		capture_start();
		assert_str(redirect_spec(str_c(cases[i].spec), &a),
		    cases[i].want);
		capture_stop();
		assert_string_equal(captured, cases[i].log);
	}
	assert_int_equal(configure("", &e), ST_OK);
}

static void test_bad(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(configure("non_bdb_migration_level=maybe", &e),
	    ST_TEMP);
	assert_string_equal(e.text,
	    "bad parameter value: non_bdb_migration_level = maybe; need "
	    "disable, enable-redirect or enable-reindex");
	assert_int_equal(configure(ON "non_bdb_custom_mapping=a", &e), ST_TEMP);
	assert_non_null(strstr(e.text, "is not supported"));
	assert_int_equal(configure("", &e), ST_OK);
}

/* It counts for tables within tables, too. */
static void test_opened(void **state)
{
	struct map *m;
	struct err e;

	(void)state;
	assert_int_equal(configure(ON "default_database_type=static", &e),
	    ST_OK);
	capture_start();
	assert_int_equal(map_open(&m, STR("unionmap:{hash:x,hash:y}"), "hash",
			     0, &e),
	    ST_OK);
	capture_stop();
	map_close(m);
	assert_int_equal(configure("", &e), ST_OK);
	assert_int_equal(map_open(&m, STR("hash:/no/such"), "hash", 0, &e),
	    ST_TEMP);
	assert_string_equal(e.text,
	    "open database /no/such.db: No such file or directory");
}

static void test_missing(void **state)
{
	static const struct {
		const char *there, *type, *want;
	} t[] = {
		{ ".lmdb", "hash", "lmdb" },
		{ ".cdb", "btree", "cdb" },
		{ ".db", "lmdb", "hash" },
		{ "", "hash", NULL },
	};
	char dir[] = "/tmp/test_redirect.XXXXXX";
	size_t i;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (i = 0; i < NELEM(t); i++) {
		AUTO_BUF want = BUF_MAX(200);
		char file[100], spec[100];
		AUTO_FD fd = -1;
		struct map *m;
		struct err e;

		snprintf(file, sizeof(file), "%s/x%s", dir, t[i].there);
		snprintf(spec, sizeof(spec), "%s:%s/x", t[i].type, dir);
		fd = open(file, O_WRONLY | O_CREAT, 0600);
		assert_true(fd >= 0);
		assert_int_equal(map_open(&m, str_c(spec), "", 0, &e), ST_TEMP);
		if (t[i].want != NULL)
			buf_addf(&want, "; but %s is there: is %s:%s/x meant?",
			    file, t[i].want, dir);
		else
			buf_addc(&want, ": No such file or directory");
		assert_true(str_ends(str_c(e.text), buf_str(&want)));
		unlink(file);
	}
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_opened),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
