/* test_identity - for which ids the monitor makes a worker. */

#include "tests/unit/unit.h"

#include "vdeliver/identity.h"

static const struct {
	const char *uids, *gids;
	uint32_t uid, gid;
	enum st want;
} cases[] = {
	{ "static:5000", "static:5000", 5000, 5000, ST_OK },
	{ "static:5000", "static:5000", 5001, 5000, ST_TEMP },
	{ "static:5000", "static:5000", 5000, 5001, ST_TEMP },
	{ "static:{ 5000 }", "static:5000", 5000, 5000, ST_OK },
	{ "static:{ 5000 }", "static:5000", 5001, 5000, ST_TEMP },
	{ "inline:{a@b=5000, {c@d = 5001}}", "static:5000", 5001, 5000, ST_OK },
	{ "inline:{a@b=5000, {c@d = 5001}}", "static:5000", 5002, 5000,
	    ST_TEMP },
	{ "hash:/uids", "hash:/gids", 7000, 7000, ST_OK },
	{ "hash:/uids static:5000", "static:5000", 7000, 5000, ST_OK },
	{ "hash:/uids", "hash:/gids", 0, 7000, ST_TEMP },
	{ "hash:/uids", "hash:/gids", 7000, 0, ST_TEMP },
	{ "hash:/uids", "hash:/gids", 99, 7000, ST_TEMP },
	{ "hash:/uids", "hash:/gids", UINT32_MAX, 7000, ST_TEMP },
	{ "hash:/uids", "hash:/gids", 7000, UINT32_MAX, ST_TEMP },
	{ "static:0", "static:5000", 0, 5000, ST_TEMP },
	{ "", "", 5000, 5000, ST_TEMP },
};

static void test_cases(void **state)
{
	struct identity id = { .root = true };
	struct settings set = { .virtual_minimum_uid = 100 };
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		set.virtual_uid_maps = cases[i].uids;
		set.virtual_gid_maps = cases[i].gids;
		if (identity_allows(&id, &set, cases[i].uid, cases[i].gid,
			&e) != cases[i].want)
			fail_msg("case %zu: %s %u, %s %u", i, cases[i].uids,
			    cases[i].uid, cases[i].gids, cases[i].gid);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
