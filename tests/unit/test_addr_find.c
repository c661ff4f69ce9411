/* Tests of the key forms of an address, and of match lists. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "map/addr_find.h"
#include "map/map.h"
#include "map/match_list.h"
#include "tests/unit/capture.h"

static const struct {
	const char *user, *delimiters;
	ptrdiff_t at;
} splits[] = {
	{ "a+b", "+", 1 },
	{ "a+b+c", "+", 1 },
	{ "a-b+c", "+-", 1 },
	{ "+a", "+", -1 },
	{ "ab", "+", -1 },
	{ "a+b", "", -1 },
	{ "mailer-daemon", "-", -1 },
	{ "Double-Bounce", "-", -1 },
	{ "owner-list", "-", -1 },
	{ "list-request", "-", -1 },
	{ "a-b", "-", 1 },
};

static void split(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(splits); i++)
		if (addr_split(str_c(splits[i].user), splits[i].delimiters) !=
		    splits[i].at)
			fail_msg("%s", splits[i].user);
}

#define TWO "inline:{u@d=one},inline:{@d=two}"

static const struct {
	const char *maps, *address, *delimiters;
	bool local;
	enum st st;
	const char *want, *ext;
} finds[] = {
	{ "inline:{u@d=1}", "u@d", "", false, ST_OK, "1", "" },
	{ "inline:{u@d=1}", "U@D", "", false, ST_OK, "1", "" },
	{ "inline:{u@d=1}", "u+x@d", "+", false, ST_OK, "1", "+x" },
	{ "inline:{u@d=1}", "u+x@d", "", false, ST_NONE, "", "" },
	{ "inline:{u+x@d=2,u@d=1}", "u+x@d", "+", false, ST_OK, "2", "" },
	{ "inline:{u=1}", "u@d", "", false, ST_NONE, "", "" },
	{ "inline:{u=1}", "u@d", "", true, ST_OK, "1", "" },
	{ "inline:{u=1,@d=2}", "u+x@d", "+", true, ST_OK, "1", "+x" },
	{ "inline:{@d=2}", "u+x@d", "+", false, ST_OK, "2", "" },
	{ TWO, "u@d", "", false, ST_OK, "one", "" },
	{ "inline:{@d=two},inline:{u@d=one}", "u@d", "", false, ST_OK, "one",
	    "" },
	{ "regexp:{{/^@d$/ no},{/^u@d$/ yes}}", "u@d", "", false, ST_OK, "yes",
	    "" },
	{ "regexp:{{/^@d$/ no}}", "u@d", "", false, ST_NONE, "", "" },
	{ "fail:x,inline:{u@d=1}", "u@d", "", false, ST_TEMP, "", "" },
	{ "inline:{u@d=1},fail:x", "u@d", "", false, ST_OK, "1", "" },
	{ "inline:{{\"a b\"@d=1}}", "a b@d", "", false, ST_OK, "1", "" },
	{ "inline:{{a b@d=1}}", "a b@d", "", false, ST_OK, "1", "" },
};

static void find(void **state)
{
	size_t i;

	(void)state;
	capture_start();
	for (i = 0; i < NELEM(finds); i++) {
		struct maps *m = maps_open("test_maps", str_c(finds[i].maps),
		    "hash", MAP_FOLD);
		struct addr_find how = { finds[i].delimiters, finds[i].local };
		AUTO_BUF val = BUF_MAX(100);
		struct str ext;
		struct err e;
		enum st st =
		    addr_find(m, &how, str_c(finds[i].address), &val, &ext, &e);

		if (st != finds[i].st)
			fail_msg("%s %s: %s", finds[i].maps, finds[i].address,
			    st_name(st));
		if (st == ST_OK) {
			assert_str(buf_str(&val), finds[i].want);
			assert_str(ext, finds[i].ext);
		}
		maps_close(m);
	}
	capture_stop();
}

static void broken(void **state)
{
	struct maps *m;
	AUTO_BUF val = BUF_MAX(100);
	struct err e;

	(void)state;
	capture_start();
	m = maps_open("p", STR("hash:/no/such"), "hash", MAP_FOLD);
	assert_non_null(strstr(captured,
	    "error: open database /no/such.db: No such file or directory"));
	assert_int_equal(maps_get(m, STR("k"), false, &val, &e), ST_TEMP);
	assert_non_null(strstr(captured,
	    "warning: hash:/no/such is "
	    "unavailable. open database /no/such.db: No such file"));
	assert_non_null(
	    strstr(captured, "warning: hash:/no/such lookup error for \"k\""));
	maps_close(m);
	m = maps_open("p", STR("inline:{a=}"), "hash", MAP_FOLD);
	assert_int_equal(maps_get(m, STR("a"), false, &val, &e), ST_TEMP);
	assert_string_equal(e.dsn, "4.3.5");
	assert_string_equal(e.text,
	    "p lookup of a returns an empty string result");
	maps_close(m);
	capture_stop();
}

static const struct {
	const char *list;
	enum match_kind kind;
	const char *key;
	enum st st;
} lists[] = {
	{ "a.example, b.example", MATCH_DOMAIN, "B.example", ST_OK },
	{ "a.example", MATCH_DOMAIN, "x.a.example", ST_NONE },
	{ "!a.example, inline:{a.example=1}", MATCH_DOMAIN, "a.example",
	    ST_NONE },
	{ "inline:{a.example=1}", MATCH_DOMAIN, "a.example", ST_OK },
	{ "hash:/no/such, a.example", MATCH_DOMAIN, "a.example", ST_TEMP },
	{ "", MATCH_DOMAIN, "a", ST_NONE },
	{ "127.0.0.0/8 [::1]/128", MATCH_NETWORK, "127.1.2.3", ST_OK },
	{ "127.0.0.0/8 [::1]/128", MATCH_NETWORK, "::1", ST_OK },
	{ "127.0.0.0/8 [::1/128]", MATCH_NETWORK, "::1", ST_OK },
	{ "!10.1.0.0/16 10.0.0.0/8", MATCH_NETWORK, "10.1.0.1", ST_NONE },
	{ "!10.1.0.0/16 10.0.0.0/8", MATCH_NETWORK, "10.2.0.1", ST_OK },
	{ "127.0.0.1/8", MATCH_NETWORK, "1.2.3.4", ST_TEMP },
	{ "cidr:{{10.0.0.0/8 ok}}", MATCH_NETWORK, "10.0.0.1", ST_OK },
	{ "/no/such", MATCH_NETWORK, "10.0.0.1", ST_TEMP },
};

static void match(void **state)
{
	size_t i;

	(void)state;
	capture_start();
	for (i = 0; i < NELEM(lists); i++) {
		struct match_list *l = match_list_open("p",
		    str_c(lists[i].list), lists[i].kind, MAP_FOLD);
		struct err e;

		if (match_list_get(l, str_c(lists[i].key), &e) != lists[i].st)
			fail_msg("%s: %s", lists[i].list, lists[i].key);
		match_list_close(l);
	}
	capture_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split),
		cmocka_unit_test(find),
		cmocka_unit_test(broken),
		cmocka_unit_test(match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
