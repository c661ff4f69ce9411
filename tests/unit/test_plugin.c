/* test_plugin - commands for sockets, and interfaces that must be up. */

#include "tests/unit/unit.h"

#include <ifaddrs.h>
#include <net/if.h>

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/iface.h"
#include "fetcher/plugin.h"

static const struct {
	const char *command, *want; /* NULL: no word in it */
} commands[] = {
	{ "a", "a|" },
	{ " a  b\tc ", "a|b|c|" },
	{ "nc %h %p", "nc|host|25|" },
	{ "x%hy%p%%h%q%", "xhosty25%host%q%|" },
	{ "sh -c '$HOME %h'", "sh|-c|'$HOME|host'|" },
	{ "", NULL },
	{ "  ", NULL },
};

static void test_words(void **state)
{
	struct plugin_to to = { "host", "25", 1000 };
	char **words;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(commands); i++) {
		AUTO_ARENA mem = { 0 };
		AUTO_BUF got = BUF_MAX(1000);

		words = plugin_words(commands[i].command, &to, &mem);
		if (words == NULL) {
			assert_null(commands[i].want);
			continue;
		}
		for (; *words != NULL; words++)
			buf_addf(&got, "%s|", *words);
		assert_string_equal(buf_c(&got), commands[i].want);
	}
}

static void set_plugin(struct account *a, const char *command,
    struct arena *mem)
{
	options_set_text(&a->o, OPT_PLUGIN, str_c(command), mem);
}

static void test_talk(void **state)
{
	struct plugin_to to = { "example", "110", 5000 };
	struct account a = { .label = "a" };
	AUTO_ARENA mem = { 0 };
	struct conn *c;
	struct str line;
	struct err e;

	(void)state;
	set_plugin(&a, "sed -u s/^/%h:%p:/", &mem);
	assert_int_equal(plugin_connect(&c, &a, OPT_PLUGIN, &to, &e), ST_OK);
	assert_string_equal(conn_peer(c), "");
	assert_false(conn_is_loopback(c));
	assert_int_equal(conn_put(c, STR("one\n"), &e), ST_OK);
	assert_int_equal(conn_flush(c, &e), ST_OK);
	assert_int_equal(conn_line(c, &line, &e), ST_OK);
	assert_str(line, "example:110:one\n");
	conn_close(c);
}

static void test_no_program(void **state)
{
	struct plugin_to to = { "example", "110", 5000 };
	struct account a = { .label = "a" };
	AUTO_ARENA mem = { 0 };
	struct conn *c;
	struct err e;

	(void)state;
	set_plugin(&a, "/nonexistent %h", &mem);
	assert_int_equal(plugin_connect(&c, &a, OPT_PLUGIN, &to, &e), ST_TEMP);
	assert_string_equal(e.text,
	    "cannot run /nonexistent: No such file or directory");
}

/* --- interfaces ----------------------------------------------------------- */

static const struct {
	const char *spec, *want; /* NULL: approved */
} interfaces[] = {
	{ "LO", "missing IP interface address" },
	{ "LO/", "missing IP interface address" },
	{ "/1.2.3.4", "interface /1.2.3.4: no device of that name" },
	{ "LO/1.2.3.x", "invalid IP interface address" },
	{ "LO/127.0.0.1/x", "invalid IP interface mask" },
	{ "LO/127.0.0.1", NULL },
	{ "LO/127.0.0.1/255.255.255.255", NULL },
	{ "LO/127.9.9.9/255.0.0.0", NULL },
	{ "LO/127.0.0.2", "LO/127.0.0.2 IP address excluded" },
	{ "nodev/127.0.0.1", "nodev/127.0.0.1 down" },
};

/* The loopback device has this name everywhere we know, if it is up. */
static bool has_loopback(void)
{
	struct ifaddrs *list, *i;
	bool found = false;

	if (getifaddrs(&list) != 0)
		return false;
	for (i = list; i != NULL; i = i->ifa_next)
		found |= strcmp(i->ifa_name, "lo") == 0 &&
		    (i->ifa_flags & IFF_UP) != 0 && i->ifa_addr != NULL &&
		    i->ifa_addr->sa_family == AF_INET;
	freeifaddrs(list);
	return found;
}

/* "LO" is written for "lo". */
static void lower(const char *s, char out[100])
{
	snprintf(out, 100, "%s", s);
	if (strncmp(out, "LO", 2) == 0)
		memcpy(out, "lo", 2);
}

static void test_interfaces(void **state)
{
	char spec[100], want[100];
	struct err e;
	size_t i;

	(void)state;
	if (!has_loopback())
		skip();
	for (i = 0; i < NELEM(interfaces); i++) {
		lower(interfaces[i].spec, spec);
		if (interfaces[i].want == NULL) {
			assert_int_equal(iface_check(spec, &e), ST_OK);
			assert_int_equal(iface_approve(spec, &e), ST_OK);
			continue;
		}
		lower(interfaces[i].want, want);
		assert_int_equal(iface_approve(spec, &e), ST_TEMP);
		assert_string_equal(e.text, want);
	}
}

static void test_packets(void **state)
{
	uint64_t n;

	(void)state;
	if (!has_loopback())
		skip();
	assert_true(iface_packets("lo", &n));
	assert_false(iface_packets("nodev", &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
