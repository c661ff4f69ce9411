/* test_conf - main.cf over defaults, typed values, rows of params.def. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/macros.h"
#include "conf/conf.h"

static char dir[] = "/tmp/test_conf.XXXXXX";
static char path[sizeof(dir) + 10];
static struct buf logged = BUF_MAX(10000);

/* DIR in texts stands for dir. */
static void collect(enum log_level level, const char *tag, const char *line,
    void *arg)
{
	const char *at = strstr(line, dir);

	(void)level;
	(void)tag;
	(void)arg;
	if (at == NULL)
		buf_addf(&logged, "%s|", line);
	else
		buf_addf(&logged, "%.*sDIR%s|", (int)(at - line), line,
		    at + strlen(dir));
}

static enum st load(struct conf **c, const char *text, struct err *e)
{
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(io_write_full(fd, text, strlen(text)));
	buf_reset(&logged);
	return conf_load(c, dir, e);
}

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/main.cf", dir);
	log_to_stderr(false);
	log_to_sink(collect, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	rmdir(dir);
	buf_clear(&logged);
	return 0;
}

static const struct {
	const char *text;
	const char *relayhost; /* NULL: error is the text of conf_load's err */
	const char *log;       /* or the error */
} files[] = {
	{ "", "", "" },
	{ "relayhost = a", "a", "" },
	{ "relayhost=a\r\n", "a", "" },
	{ "# c\n relayhost = x\nrelayhost\t=\tb  c \n", "b  c",
	    "warning: DIR/main.cf: logical line must not start with "
	    "whitespace: \" relayhost = x\"|" },
	{ "relayhost = a\n\n# c\n  b\nx = y\n", "a  b", "" },
	{ "relayhost = a\nrelayhost = b\n", "b",
	    "warning: DIR/main.cf, line 2: overriding earlier entry: "
	    "relayhost=a|" },
	{ "relayhost = a\nrelayhost = a\n", "a", "" },
	{ "relayhost = a#b\n", "a#b", "" },
	{ "relayhost = a #b\n", "a #b",
	    "warning: DIR/main.cf, line 1: '#' after other text starts no "
	    "comment: relayhost=a #b|" },
	{ "mine = x\nrelayhost = [$mine]:${nosuch:1}\n", "[x]:1", "" },
	{ "relayhost = $relay_port\nrelay_port = 25", "25", "" },
	{ "\nthis is wrong\n", NULL,
	    "main.cf, line 2: missing '=' after attribute name: "
	    "\"this is wrong\"" },
	{ "a b = c\n", NULL,
	    "main.cf, line 1: missing '=' after attribute name: \"a b = c\"" },
	{ "= v\n", NULL, "main.cf, line 1: missing attribute name: \"= v\"" },
};

static void test_files(void **state)
{
	struct conf *c = NULL;
	const char *v;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		enum st st = load(&c, files[i].text, &e);

		if (files[i].relayhost == NULL) {
			assert_int_equal(st, ST_TEMP);
			assert_string_equal(e.text + strlen(dir) + 1,
			    files[i].log);
			continue;
		}
		assert_int_equal(st, ST_OK);
		assert_int_equal(conf_str(c, "relayhost", &v, &e), ST_OK);
		assert_string_equal(v, files[i].relayhost);
		assert_string_equal(buf_c(&logged), files[i].log);
		conf_free(c);
	}
	assert_int_equal(conf_load(&c, "/nonexistent", &e), ST_TEMP);
	assert_string_equal(e.text,
	    "open /nonexistent/main.cf: No such file or directory");
}

/* text is main.cf; want the value or the error. */
#define MYDOMAINS "$mydomain $mydomain $mydomain $mydomain $mydomain $mydomain "

static const struct {
	const char *text, *name;
	char type;
	int64_t want;
	const char *error;
} typed[] = {
	{ "", "smtpd_recipient_limit", 'i', 1000, NULL },
	{ "smtpd_recipient_limit = 010", "smtpd_recipient_limit", 'i', 10,
	    NULL },
	{ "", "smtpd_hard_error_limit", 'i', 20, NULL },
	{ "stress = yes", "smtpd_hard_error_limit", 'i', 1, NULL },
	{ "message_size_limit = 5000000000", "message_size_limit", 'i',
	    5000000000, NULL },
	{ "line_length_limit = 100", "line_length_limit", 'i', 0,
	    "invalid line_length_limit parameter value 100 < 512" },
	{ "virtual_minimum_uid = -5", "virtual_minimum_uid", 'i', 0,
	    "invalid virtual_minimum_uid parameter value -5 < 1" },
	{ "vdeliver_inline_size = 40000", "vdeliver_inline_size", 'i', 0,
	    "invalid vdeliver_inline_size parameter value 40000 > 32768" },
	{ "smtpd_recipient_limit = 5000000000", "smtpd_recipient_limit", 'i', 0,
	    "bad numerical configuration: smtpd_recipient_limit = "
	    "5000000000" },
	{ "smtpd_recipient_limit = 10M", "smtpd_recipient_limit", 'i', 0,
	    "bad numerical configuration: smtpd_recipient_limit = 10M" },
	{ "smtpd_recipient_limit =", "smtpd_recipient_limit", 'i', 0,
	    "bad numerical configuration: smtpd_recipient_limit = " },
	{ "", "append_at_myorigin", 'b', true, NULL },
	{ "append_at_myorigin = No", "append_at_myorigin", 'b', false, NULL },
	{ "append_at_myorigin = 1", "append_at_myorigin", 'b', false,
	    "bad boolean configuration: append_at_myorigin = 1" },
	{ "append_at_myorigin =", "append_at_myorigin", 'b', false,
	    "bad boolean configuration: append_at_myorigin = " },
	{ "", "append_dot_mydomain", 'b', true, NULL },
	{ "compatibility_level = 3.6", "append_dot_mydomain", 'b', false,
	    NULL },
	{ "compatibility_level = 3.x", "append_dot_mydomain", 'b', false,
	    "malformed compatibility level syntax: \"3.x\"" },
	{ "", "smtpd_timeout", 't', 300, NULL },
	{ "stress = yes", "smtpd_timeout", 't', 10, NULL },
	{ "smtpd_timeout = 2h", "smtpd_timeout", 't', 7200, NULL },
	{ "smtpd_timeout = 7", "smtpd_timeout", 't', 7, NULL },
	{ "bounce_queue_lifetime = 2", "bounce_queue_lifetime", 't', 172800,
	    NULL },
	{ "smtpd_timeout = 300 s", "smtpd_timeout", 't', 0,
	    "parameter smtpd_timeout: bad time value or unit: 300 s" },
	{ "smtpd_timeout = 0", "smtpd_timeout", 't', 0,
	    "invalid smtpd_timeout: 0 (min 1)" },
	{ "myorigin =", "myorigin", 's', 0,
	    "bad string length 0 < 1: myorigin = " },
	{ "relayhost = ${a", "relayhost", 's', 0,
	    "truncated macro reference: \"${a\"" },
	/* Each mydomain asks for myhostname, and that for many mydomains. */
	{ "myhostname = " MYDOMAINS MYDOMAINS MYDOMAINS, "mydomain", 's', 0,
	    "unreasonable macro call nesting: \"mydomain\"" },
	{ "x = $y\ny = $x", "x", 's', 0,
	    "unreasonable macro call nesting: \"x\"" },
};

static void test_typed(void **state)
{
	const char *text;
	struct conf *c;
	struct err e;
	size_t i;
	bool b;

	(void)state;
	for (i = 0; i < NELEM(typed); i++) {
		int64_t v = -1;
		enum st st = load(&c, typed[i].text, &e);

		assert_int_equal(st, ST_OK);
		e.text[0] = '\0';
		if (typed[i].type == 'i') {
			st = conf_int(c, typed[i].name, &v, &e);
		} else if (typed[i].type == 't') {
			st = conf_time(c, typed[i].name, &v, &e);
		} else if (typed[i].type == 'b') {
			st = conf_bool(c, typed[i].name, &b, &e);
			v = b;
		} else {
			st = conf_str(c, typed[i].name, &text, &e);
		}
		if (typed[i].error == NULL) {
			assert_string_equal(e.text, "");
			assert_int_equal(st, ST_OK);
			assert_int_equal(v, typed[i].want);
		} else {
			assert_int_equal(st, ST_TEMP);
			assert_string_equal(e.text, typed[i].error);
		}
		conf_free(c);
	}
}

static void test_texts(void **state)
{
	AUTO_BUF out = BUF_MAX(100);
	struct conf *c;
	const char *v;
	struct err e;

	(void)state;
	assert_int_equal(load(&c,
			     "mydomain = ex.org\nempty =\nx = ${a\n"
			     "smtpd_reject_footer = $mydomain\n",
			     &e),
	    ST_OK);
	assert_null(conf_raw(c, "myorigin"));
	assert_string_equal(conf_text(c, "myorigin"), "$myhostname");
	assert_string_equal(conf_raw(c, "empty"), "");
	assert_null(conf_text(c, "nosuch"));
	assert_string_equal(conf_text(c, "x"), "${a");
	assert_string_equal(conf_text(c, "config_directory"), dir);
	assert_int_equal(conf_str(c, "nosuch", &v, &e), ST_NONE);
	assert_string_equal(v, "");
	/* Not expanded. */
	assert_int_equal(conf_str(c, "smtpd_reject_footer", &v, &e), ST_OK);
	assert_string_equal(v, "$mydomain");
	assert_int_equal(conf_expand(c, STR("<$mydomain>"), &out, &e), ST_OK);
	assert_string_equal(buf_c(&out), "<ex.org>");
	/* The newer default, unless told otherwise. */
	assert_string_equal(conf_text(c, "smtpd_forbid_bare_newline"),
	    "normalize");
	conf_like_37(c);
	assert_string_equal(conf_text(c, "smtpd_forbid_bare_newline"), "no");
	assert_int_equal(conf_str(c, "myorigin", &v, &e), ST_OK);
	conf_set(c, STR("myhostname"), STR("h.example"));
	assert_int_equal(conf_str(c, "myorigin", &v, &e), ST_OK);
	assert_string_equal(v, "h.example");
	conf_free(c);
}

static void test_machine(void **state)
{
	struct conf *c = conf_defaults("/x");
	const char *host, *v;
	struct err e;

	(void)state;
	assert_int_equal(conf_str(c, "myhostname", &host, &e), ST_OK);
	assert_non_null(strchr(host, '.'));
	assert_int_equal(conf_str(c, "mydomain", &v, &e), ST_OK);
	assert_string_equal(v, strchr(host, '.') + 1);
	conf_set(c, STR("myhostname"), STR("a.b.example"));
	assert_int_equal(conf_str(c, "mydestination", &v, &e), ST_OK);
	assert_string_equal(v, "a.b.example, localhost.b.example, localhost");
	conf_set(c, STR("inet_interfaces"), STR("127.0.0.1"));
	assert_int_equal(conf_str(c, "mynetworks", &v, &e), ST_OK);
	assert_string_equal(v, "127.0.0.0/8");
	conf_set(c, STR("mynetworks_style"), STR("host"));
	assert_int_equal(conf_str(c, "mynetworks", &v, &e), ST_OK);
	assert_string_equal(v, "127.0.0.1/32");
	conf_set(c, STR("mynetworks_style"), STR("bogus"));
	assert_int_equal(conf_str(c, "mynetworks", &v, &e), ST_TEMP);
	assert_string_equal(e.text,
	    "unknown mynetworks mask style value \"bogus\" in \"bogus\"");
	conf_free(c);
}

/* Every row is sorted, found, and has a good default of its type. */
static void test_rows(void **state)
{
	struct conf *c = conf_defaults("/x");
	const struct param *rows;
	const char *text;
	size_t count, i;
	struct err e;
	int64_t v;
	bool b;

	(void)state;
	rows = param_rows(&count);
	assert_true(count > 831);
	for (i = 0; i < count; i++) {
		const struct param *p = &rows[i];
		enum st st = ST_OK;

		assert_true(i == 0 || strcmp(rows[i - 1].name, p->name) < 0);
		assert_ptr_equal(param_find(p->name), p);
		if (p->type == PARAM_INT)
			st = conf_int(c, p->name, &v, &e);
		else if (p->type == PARAM_TIME)
			st = conf_time(c, p->name, &v, &e);
		else if (p->type == PARAM_BOOL)
			st = conf_bool(c, p->name, &b, &e);
		else
			st = conf_str(c, p->name, &text, &e);
		if (st != ST_OK)
			fail_msg("%s: %s", p->name, e.text);
	}
	assert_null(param_find("nosuch"));
	conf_free(c);
}

static bool count_two(const char *name, const char *value, void *arg)
{
	buf_addf(arg, "%s=%s|", name, value);
	return strcmp(name, "a") != 0;
}

static void test_each(void **state)
{
	AUTO_BUF got = BUF_MAX(100);
	struct conf *c;
	struct err e;

	(void)state;
	assert_int_equal(load(&c, "b = 1\na = 2\nc = 3\nb = 4\n", &e), ST_OK);
	conf_each(c, count_two, &got);
	assert_string_equal(buf_c(&got), "b=4|a=2|");
	conf_free(c);
}

static void test_levels(void **state)
{
	static const struct {
		const char *a, *b;
		int want;
	} levels[] = {
		{ "3.10", "3.9", 1 },
		{ "3", "3.0.0", 0 },
		{ "0", "1", -1 },
		{ "3.6.1", "3.6", 1 },
	};
	static const char *const bad[] = { "", "x", "1.", ".1", "1.2.3.4", "-1",
		" 1", "99999999999999999999" };
	struct err e;
	size_t i;
	int got;

	(void)state;
	for (i = 0; i < NELEM(levels); i++) {
		assert_int_equal(compat_level_cmp(str_c(levels[i].a),
				     str_c(levels[i].b), &got, &e),
		    ST_OK);
		assert_int_equal(got, levels[i].want);
	}
	for (i = 0; i < NELEM(bad); i++)
		assert_int_equal(compat_level_cmp(str_c(bad[i]), STR("1"), &got,
				     &e),
		    ST_TEMP);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_levels),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
