/* test_sasl - what mechanisms answer. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "net/sasl.h"

/* answers: to each challenge in turn; "!" is a failure. */
static const struct {
	const char *offered, *only, *name;
	const char *challenge[3], *answer[3];
} cases[] = {
	/* RFC 2195 2 */
	{ "LOGIN cram-md5 PLAIN", NULL, "CRAM-MD5",
	    { "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+", "" },
	    { "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw", "!" } },
	{ "LOGIN PLAIN", NULL, "PLAIN", { "" },
	    { "AHRpbQB0YW5zdGFhZnRhbnN0YWFm" } },
	{ "X-NO LOGIN", NULL, "LOGIN", { "VXNlcm5hbWU6", "UGFzc3dvcmQ6", "" },
	    { "dGlt", "dGFuc3RhYWZ0YW5zdGFhZg==", "!" } },
	{ "CRAM-MD5 PLAIN", "PLAIN", "PLAIN", { "" },
	    { "AHRpbQB0YW5zdGFhZnRhbnN0YWFm" } },
	{ "CRAM-MD5", NULL, "CRAM-MD5", { "not base64" }, { "!" } },
	{ "GSSAPI", NULL, NULL, { NULL }, { NULL } },
	{ "", NULL, NULL, { NULL }, { NULL } },
	{ "CRAM-MD5", "PLAIN", NULL, { NULL }, { NULL } },
};

static void test_answers(void **state)
{
	struct err e;
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct sasl s = { .user = "tim",
			.password = "tanstaaftanstaaf" };
		bool any =
		    sasl_choose(&s, str_c(cases[i].offered), cases[i].only);

		assert_int_equal(any, cases[i].name != NULL);
		if (!any)
			continue;
		assert_string_equal(sasl_name(&s), cases[i].name);
		for (k = 0; k < 3 && cases[i].answer[k] != NULL; k++) {
			AUTO_BUF out = BUF_MAX(1000);
			enum st st = sasl_answer(&s,
			    str_c(cases[i].challenge[k]), &out, &e);

			if (cases[i].answer[k][0] == '!')
				assert_int_equal(st, ST_TEMP);
			else
				assert_str(buf_str(&out), cases[i].answer[k]);
		}
	}
}

/* RFC 1939 7 */
static void test_md5(void **state)
{
	char hex[33];
	struct err e;

	(void)state;
	assert_int_equal(sasl_md5(STR("<1896.697170952@dbc.mtview.ca.us>"),
			     STR("tanstaaf"), hex, &e),
	    ST_OK);
	assert_string_equal(hex, "c4c9334bac560ecc979e58001b3e22fb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_md5),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
