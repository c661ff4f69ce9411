/* test_sasl - what mechanisms answer. */

#include "tests/unit/unit.h"

#include "base/base64.h"
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
	/* Only by name: in clear text, or by a token. */
	{ "SCRAM-SHA-256 XOAUTH2 OAUTHBEARER EXTERNAL", NULL, NULL, { NULL },
	    { NULL } },
	{ "XOAUTH2", "XOAUTH2", "XOAUTH2",
	    { "", "eyJzdGF0dXMiOiI0MDAifQ==", "" },
	    { "dXNlcj10aW0BYXV0aD1CZWFyZXIgdGFuc3RhYWZ0YW5zdGFhZgEB", "",
		"!" } },
	{ "OAUTHBEARER", "OAUTHBEARER", "OAUTHBEARER", { "", "e30=", "" },
	    { "bixhPXRpbSwBYXV0aD1CZWFyZXIgdGFuc3RhYWZ0YW5zdGFhZgEB",
		"AQ==", "!" } },
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
		sasl_clear(&s);
	}
}

/* --- why a token was refused --------------------------------------------- */

static const struct {
	const char *json, *trouble;
} refusals[] = {
	{ "{\"status\":\"invalid_token\"}",
	    "the token is not valid, or has expired (the server says "
	    "invalid_token)" },
	{ "{ \"schemes\": \"b\", \"status\" : 401 }",
	    "the token is not valid, or has expired (the server says 401)" },
	{ "{\"status\":\"odd\\u0021\"}", "the server says odd" },
	{ "{\"status\"", "the server says {\"status\"" },
	{ "{\"status\":\"", "the server says {\"status\":\"" },
	{ "\033x", "the server says ?x" },
	{ "", "the server says " },
};

static void test_refusals(void **state)
{
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(refusals); i++) {
		struct sasl s = { .user = "u", .password = "t" };
		AUTO_BUF out = BUF_MAX(1000);
		AUTO_BUF in = BUF_MAX(1000);

		assert_true(sasl_choose(&s, STR("XOAUTH2"), "XOAUTH2"));
		assert_int_equal(sasl_answer(&s, STR(""), &out, &e), ST_OK);
		base64_encode(&in, str_c(refusals[i].json));
		assert_int_equal(sasl_answer(&s, buf_str(&in), &out, &e),
		    ST_OK);
		assert_string_equal(s.trouble, refusals[i].trouble);
	}
}

/* What divides the parts of an answer must not come from a name. */
static void test_control_characters(void **state)
{
	struct sasl s = { .user = "u\1auth=x", .password = "t" };
	AUTO_BUF out = BUF_MAX(1000);
	struct err e;

	(void)state;
	assert_true(sasl_choose(&s, STR("XOAUTH2"), "XOAUTH2"));
	assert_int_equal(sasl_answer(&s, STR(""), &out, &e), ST_TEMP);
	assert_true(sasl_choose(&s, STR("OAUTHBEARER"), "OAUTHBEARER"));
	s.user = "a,b=c";
	assert_int_equal(sasl_answer(&s, STR(""), &out, &e), ST_OK);
	assert_str(buf_str(&out), "bixhPWE9MkNiPTNEYywBYXV0aD1CZWFyZXIgdAEB");
}

/* RFC 7677 3, as far as nobody knows our nonce. */
static void test_scram(void **state)
{
	struct sasl s = { .user = "user", .password = "pencil" };
	AUTO_BUF out = BUF_MAX(1000);
	AUTO_BUF text = BUF_MAX(1000);
	struct err e;

	(void)state;
	assert_true(sasl_choose(&s, STR("SCRAM-SHA-256"), "SCRAM-SHA-256"));
	assert_int_equal(sasl_answer(&s, STR(""), &out, &e), ST_OK);
	assert_true(base64_decode(&text, buf_str(&out)));
	assert_true(str_starts(buf_str(&text), STR("n,,n=user,r=")));
	assert_int_equal(sasl_end(&s, &e), ST_TEMP);
	/* A nonce that is not ours with more behind it. */
	assert_int_equal(sasl_answer(&s,
			     STR("cj14LHM9VzIyWmFKMFNOWTdzb0VzVUVqYjZnUT09LGk9"
				 "NDA5Ng=="),
			     &out, &e),
	    ST_TEMP);
	sasl_clear(&s);
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
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_scram),
		cmocka_unit_test(test_md5),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
