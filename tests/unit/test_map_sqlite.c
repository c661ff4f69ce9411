/* Tests of sqlite: tables, through the loader and the module. */

#include "tests/unit/unit.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "map/map.h"
#include "tests/unit/capture.h"
#include "tests/unit/modules.h"

static char db_path[100], cf_path[100], spec[200];

static const char schema[] =
    "create table mailbox(username text, maildir text, more text);"
    "insert into mailbox values('a@b.c','b.c/a/','x');"
    "insert into mailbox values('o''k@b.c','quote',NULL);"
    "insert into mailbox values('s\\@b.c','backslash',NULL);"
    "insert into mailbox values('m@b.c','one',NULL);"
    "insert into mailbox values('m@b.c',NULL,NULL);"
    "insert into mailbox values('m@b.c','two',NULL);"
    "insert into mailbox values('e@b.c','',NULL);"
    "insert into mailbox values('100%@b.c','percent',NULL);";
#define QUERY "query = SELECT maildir FROM mailbox WHERE username='%s'\n"

static void fill(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, schema, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int set_up(void **state)
{
	(void)state;
	modules_take("sqlite");
	snprintf(db_path, sizeof(db_path), "%s/db", modules_dir);
	snprintf(cf_path, sizeof(cf_path), "%s/cf", modules_dir);
	snprintf(spec, sizeof(spec), "sqlite:%s", cf_path);
	fill(db_path);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(db_path);
	unlink(cf_path);
	modules_drop("sqlite");
	return 0;
}

static enum st open_with(const char *text, struct map **m, struct err *e)
{
	FILE *f = fopen(cf_path, "w");

	assert_non_null(f);
	fprintf(f, "dbpath = %s\n%s", db_path, text);
	fclose(f);
	return map_open(m, str_c(spec), "hash", MAP_FOLD, e);
}

static enum st get(struct map *m, const char *key, struct buf *val)
{
	struct err e;

	return map_get(m, str_c(key), val, &e);
}

static void lookups(void **state)
{
	static const struct {
		const char *cf, *key, *want; /* NULL: not found */
	} t[] = {
		{ QUERY, "a@b.c", "b.c/a/" },
		{ QUERY, "A@B.C", "b.c/a/" },
		{ QUERY, "none@b.c", NULL },
		{ QUERY, "", NULL },
		{ QUERY, "m@b.c", "one,two" },
		{ QUERY, "e@b.c", NULL },
		{ QUERY, "o'k@b.c", "quote" },
		{ QUERY, "s\\@b.c", "backslash" },
		{ QUERY, "100%@b.c", "percent" },
		{ QUERY, "' or '1'='1", NULL },
		{ QUERY, "'; drop table mailbox; --", NULL },
		{ QUERY, "\\' or 1=1 --", NULL },
		{ QUERY, "\xff@b.c", NULL },
		{ QUERY, "a\n@b.c", NULL },
		{ QUERY "domain = b.c\n", "a@b.c", "b.c/a/" },
		{ QUERY "domain = !b.c, c.d\n", "a@b.c", NULL },
		{ "query = SELECT '%u'\ndomain = b.c\n", "@b.c", NULL },
		{ "query = SELECT '%d'\ndomain = inline:{b.c=1}\n", "x@b.c",
		    "b.c" },
		{ QUERY "result_format = virtual:%s\n", "m@b.c",
		    "virtual:one,virtual:two" },
		{ "table = mailbox\nselect_field = maildir\n"
		  "where_field = username\n"
		  "additional_conditions = and more = 'x'\n",
		    "a@b.c", "b.c/a/" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++) {
		AUTO_BUF val = BUF_MAX(1000);
		struct map *m;
		struct err e;
		enum st st;

		capture_start();
		if (open_with(t[i].cf, &m, &e) != ST_OK)
			fail_msg("%s", e.text);
		st = get(m, t[i].key, &val);
		capture_stop();
		if (st != (t[i].want != NULL ? ST_OK : ST_NONE))
			fail_msg("%s: %s", t[i].key, st_name(st));
		if (t[i].want != NULL)
			assert_str(buf_str(&val), t[i].want);
		map_close(m);
	}
}

static void no_string_ends_early(void **state)
{
	AUTO_BUF val = BUF_MAX(1000);
	struct map *m;
	struct err e;

	(void)state;
	assert_int_equal(open_with(QUERY, &m, &e), ST_OK);
	assert_int_equal(map_get(m, (struct str){ "a@b.c\0x", 7 }, &val, &e),
	    ST_NONE);
	map_close(m);
}

static void refusals(void **state)
{
	static const struct {
		const char *cf, *want;
	} t[] = {
		{ "query = %x\n",
		    "db_common_parse: CF: Invalid query template: %x" },
		{ QUERY "result_format = %\n",
		    "db_common_parse: CF: Invalid result template: %" },
		{ "", "CF: bad string length 0 < 1: table = " },
		{ QUERY "dbpath =\n",
		    "CF: bad string length 0 < 1: dbpath = " },
		{ QUERY "dbpath = /nonexistent/x\n",
		    "sqlite:CF: Can't open database: unable to open database "
		    "file?" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++) {
		AUTO_BUF want = BUF_MAX(1000);
		const char *cf = strstr(t[i].want, "CF");
		struct map *m;
		struct err e;

		buf_addf(&want, "%.*s%s%s", (int)(cf - t[i].want), t[i].want,
		    cf_path, cf + 2);
		capture_start();
		assert_int_equal(open_with(t[i].cf, &m, &e), ST_TEMP);
		capture_stop();
		assert_string_equal(e.text, buf_c(&want));
	}
}

static void errors(void **state)
{
	AUTO_BUF val = BUF_MAX(1000);
	struct map *m;
	struct err e;

	(void)state;
	assert_int_equal(open_with("query = selec '%s'\n", &m, &e), ST_OK);
	assert_int_equal(map_get(m, STR("k"), &val, &e), ST_TEMP);
	assert_non_null(strstr(e.text, "SQL prepare failed: near \"selec\""));
	map_close(m);
	capture_start();
	assert_int_equal(open_with(QUERY "expansion_limit = 1\n", &m, &e),
	    ST_OK);
	assert_int_equal(get(m, "m@b.c", &val), ST_TEMP);
	assert_int_equal(get(m, "a@b.c", &val), ST_OK);
	map_close(m);
	capture_stop();
	assert_non_null(strstr(captured, "dict_sqlite_lookup: "));
	assert_non_null(
	    strstr(captured, "Expansion limit exceeded for key 'm@b.c'"));
	capture_start();
	assert_int_equal(open_with("query = select %s\n", &m, &e), ST_OK);
	map_close(m);
	capture_stop();
	assert_non_null(strstr(captured, "outside of '...'"));
}

/* What is written is seen; another file in its place, too. */
static void noticed(void **state)
{
	AUTO_BUF val = BUF_MAX(1000);
	char other[220];
	struct map *m;
	sqlite3 *db;
	struct err e;

	(void)state;
	assert_int_equal(open_with(QUERY, &m, &e), ST_OK);
	assert_int_equal(get(m, "new@b.c", &val), ST_NONE);
	assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
			     "insert into mailbox values('new@b.c','n',NULL)",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(get(m, "new@b.c", &val), ST_OK);
	assert_false(map_changed(m));
	snprintf(other, sizeof(other), "%s.new", db_path);
	fill(other);
	assert_int_equal(rename(other, db_path), 0);
	assert_true(map_changed(m));
	map_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookups),
		cmocka_unit_test(no_string_ends_early),
		cmocka_unit_test(refusals),
		cmocka_unit_test(errors),
		cmocka_unit_test(noticed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
