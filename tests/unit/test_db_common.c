/* Tests of what database tables have in common: templates, hosts, loading. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "map/db_common.h"
#include "map/db_conf.h"
#include "map/db_hosts.h"
#include "map/map.h"
#include "map/module.h"
#include "tests/unit/capture.h"

/* What a database would do: [ and ] around each part. */
static enum st bracket(void *conn UNUSED, struct str part, struct buf *out,
    struct err *e UNUSED)
{
	buf_addf(out, "[%.*s]", STR_ARG(part));
	return ST_OK;
}

static void queries(void **state)
{
	static const struct {
		const char *text, *key, *want; /* want NULL: no query */
	} t[] = {
		{ "a", "k", "a" },
		{ "%s %%s %S", "u@d", "[u@d] %s [u@d]" },
		{ "%u-%U", "u@d", "[u]-[u]" },
		{ "%u", "plain", "[plain]" },
		{ "%u", "@d", NULL },
		{ "%u", "a@b@c", "[a@b]" },
		{ "%d-%D", "u@d", "[d]-[d]" },
		{ "%d", "@d", "[d]" },
		{ "%d", "plain", NULL },
		{ "%d", "a@", NULL },
		{ "%1.%2.%3", "u@a.b.c", "[c].[b].[a]" },
		{ "%1.%2.%3", "u@z.a.b.c", "[c].[b].[a]" },
		{ "%3", "u@b.c", NULL },
		{ "%3", "u@a..b.c.", "[a]" },
		{ "%1", "a.b.c", NULL },
		{ "%9", "u@1.2.3.4.5.6.7.8.9", "[1]" },
		{ "%s", "%s", "[%s]" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++) {
		struct db_parts p = { .key = str_c(t[i].key),
			.quote = bracket };
		AUTO_BUF out = BUF_MAX(1000);
		struct err e;
		enum st st;

		buf_addc(&out, "<");
		st = db_expand(str_c(t[i].text), &p, &out, &e);
		if ((st == ST_OK) != (t[i].want != NULL))
			fail_msg("%s %s: %s", t[i].text, t[i].key, st_name(st));
		assert_str(str_skip(buf_str(&out), 1),
		    t[i].want != NULL ? t[i].want : "");
	}
}

static void results(void **state)
{
	static const struct {
		const char *text, *value, *want;
	} t[] = {
		{ "%s", "v", "v" },
		{ "smtp:[%s]", "h", "smtp:[h]" },
		{ "%u at %d", "a@b", "a at b" },
		{ "%d", "v", NULL },
		{ "%u", "@b", NULL },
		{ "%S %U %D %1 %2", "v", "key@do.main key do.main main do" },
		{ "%3", "v", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++) {
		struct db_parts p = { .key = STR("key@do.main"),
			.value = str_c(t[i].value),
			.is_result = true };
		AUTO_BUF out = BUF_MAX(1000);
		struct err e;
		enum st st = db_expand(str_c(t[i].text), &p, &out, &e);

		assert_int_equal(st, t[i].want != NULL ? ST_OK : ST_NONE);
		if (t[i].want != NULL)
			assert_str(buf_str(&out), t[i].want);
	}
}

static void too_long(void **state)
{
	struct db_parts p = { .key = STR("0123456789") };
	AUTO_BUF out = BUF_MAX(15);
	struct err e;

	(void)state;
	assert_int_equal(db_expand(STR("%s%s"), &p, &out, &e), ST_TEMP);
	assert_int_equal(out.n, 0);
}

static void syntax(void **state)
{
	static const struct {
		const char *text;
		bool ok, bare;
	} t[] = {
		{ "x", true, false },
		{ "a = '%s' and b = '%u' and '%%'", true, false },
		{ "a = %s", true, true },
		{ "a = \"%s\"", true, true },
		{ "a = \"'%s'\"", true, true },
		{ "a = '\"%s\"'", true, false },
		{ "a = '' || '%s'", true, false },
		{ "100%% = %1", true, true },
		{ "%x", false, true },
		{ "a%", false, false },
		{ "%0", false, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++) {
		assert_int_equal(db_template_ok(str_c(t[i].text)), t[i].ok);
		if (db_template_bare(str_c(t[i].text)) != t[i].bare)
			fail_msg("%s", t[i].text);
	}
}

/* --- hosts: up or down as the test says ---------------------------------- */

static struct {
	const char *name;
	bool down;   /* does not take connections */
	bool stale;  /* the next question finds a dead connection */
	bool broken; /* takes connections, has no answers */
	unsigned connects, asked;
} servers[3];

static enum st fake_connect(struct db *d UNUSED, struct str host, void **conn,
    struct err *e)
{
	size_t i;

	for (i = 0; i < NELEM(servers); i++)
		if (servers[i].name != NULL && str_eqc(host, servers[i].name)) {
			servers[i].connects++;
			*conn = &servers[i];
			return servers[i].down
			    ? err_temp(e, "", "%s is down", servers[i].name)
			    : ST_OK;
		}
	fail_msg("%.*s", STR_ARG(host));
	return ST_PERM;
}

static void fake_disconnect(void *conn UNUSED)
{
}

static const struct db_engine fake = {
	.hosts = "hosts",
	.connect = fake_connect,
	.disconnect = fake_disconnect,
};

static enum st fake_ask(void *conn, void *arg UNUSED, bool *lost, struct err *e)
{
	size_t i = (size_t)((char *)conn - (char *)servers) / sizeof(*servers);

	servers[i].asked++;
	*lost = servers[i].stale || servers[i].down;
	if (*lost || servers[i].broken) {
		servers[i].stale = false;
		return err_temp(e, "", "%s is gone", servers[i].name);
	}
	return ST_OK;
}

static struct arena arena;
static struct db fake_db = { .type = "fake", .file = "f", .arena = &arena };

static void hosts_start(struct db_hosts *h, const char *names)
{
	static const char *const all[] = { "one", "two", "unix:/three" };
	size_t i;

	memset(servers, 0, sizeof(servers));
	for (i = 0; i < NELEM(servers); i++)
		servers[i].name = all[i];
	*h = (struct db_hosts){ .idle_ms = 60000, .retry_ms = 60000 };
	db_hosts_init(h, &fake_db, &fake, str_c(names));
	clock_set_for_test(1000000, 1000);
	capture_start();
}

static void hosts_end(struct db_hosts *h)
{
	capture_stop();
	clock_set_for_test(0, -1);
	db_hosts_close(h);
	arena_clear(&arena);
}

static enum st ask(struct db_hosts *h)
{
	struct err e;

	return db_hosts_ask(h, fake_ask, NULL, &e);
}

/* One connection for all; a stale one is made anew without a word. */
static void kept(void **state)
{
	struct db_hosts h;
	int i;

	(void)state;
	hosts_start(&h, "one");
	for (i = 0; i < 100; i++)
		assert_int_equal(ask(&h), ST_OK);
	assert_int_equal(servers[0].connects, 1);
	servers[0].stale = true;
	assert_int_equal(ask(&h), ST_OK);
	assert_int_equal(servers[0].connects, 2);
	assert_string_equal(captured, "");
	/* idle_interval */
	clock_set_for_test(1000000 + 60001, 1000);
	assert_int_equal(ask(&h), ST_OK);
	assert_int_equal(servers[0].connects, 3);
	hosts_end(&h);
}

/* A single host is asked each time, and well again when it is back. */
static void single(void **state)
{
	struct db_hosts h;

	(void)state;
	hosts_start(&h, "one");
	assert_int_equal(ask(&h), ST_OK);
	servers[0].down = true;
	assert_int_equal(ask(&h), ST_TEMP);
	assert_int_equal(ask(&h), ST_TEMP);
	assert_string_equal(captured,
	    "warning: one is down\nwarning: one is down\n");
	servers[0].down = false;
	assert_int_equal(ask(&h), ST_OK);
	hosts_end(&h);
}

static void several(void **state)
{
	struct db_hosts h;
	int i;

	(void)state;
	hosts_start(&h, "one, unix:/three two");
	for (i = 0; i < 20; i++)
		assert_int_equal(ask(&h), ST_OK);
	assert_int_equal(servers[2].asked, 20);
	servers[2].down = servers[0].broken = true;
	for (i = 0; i < 20; i++)
		assert_int_equal(ask(&h), ST_OK);
	/* They rest: the first failure is the only one. */
	assert_int_equal(servers[2].connects, 2);
	assert_true(servers[0].asked <= 1);
	servers[1].down = servers[0].down = true;
	assert_int_equal(ask(&h), ST_TEMP);
	captured[0] = '\0';
	assert_int_equal(ask(&h), ST_TEMP);
	assert_string_equal(captured, "");
	servers[1].down = false;
	clock_set_for_test(1000000 + 60000, 1000);
	assert_int_equal(ask(&h), ST_OK);
	hosts_end(&h);
}

/* Chance chooses: in 200 rounds each of two comes first at least once. */
static void random_order(void **state)
{
	struct db_hosts h;
	unsigned first = 0;
	int i;

	(void)state;
	for (i = 0; i < 200; i++) {
		hosts_start(&h, "one two");
		assert_int_equal(ask(&h), ST_OK);
		first += servers[0].asked;
		hosts_end(&h);
	}
	assert_in_range(first, 1, 199);
}

/* --- settings ------------------------------------------------------------ */

static const struct db_setting settings[] = {
	{ "word", DB_WORD, "w", 0 },
	{ "number", DB_NUMBER, "5", 1 },
	{ "bool", DB_BOOL, "no", 0 },
	{ "old", DB_ABSENT, NULL, 0 },
};
static const struct db_engine with_settings = {
	.settings = settings,
	.n_settings = NELEM(settings),
};

static void conf_files(void **state)
{
	static const struct {
		const char *text, *error, *logged;
	} t[] = {
		{ "bool=yes\nword = a b\n", NULL, "" },
		{ "word =\n", "bad string length 0 < 1: word = ", "" },
		{ "number = x\n", "bad numerical configuration: number = x",
		    "" },
		{ "number = 0\n", "invalid number parameter value 0 < 1", "" },
		{ "bool = 1\n", "bad boolean configuration: bool = 1", "" },
		{ "word\n", "line 1: missing '=' after attribute name", "" },
		{ "#\nnone = 1\nold = 2\n", NULL,
		    "line 2: unknown parameter \"none\": ignored" },
		{ "old = 2\n", NULL, "unsupported parameter \"old\"" },
		{ "word = a\nword = $b\n", NULL,
		    "overriding earlier entry: word=a" },
	};
	char path[] = "/tmp/test_db.XXXXXX";
	int fd = mkstemp(path);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++) {
		struct db d = { .file = path, .arena = &arena };
		struct file_id id;
		struct err e = { "", "" };
		ssize_t n = (ssize_t)strlen(t[i].text);
		enum st st;

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, t[i].text, (size_t)n, 0), n);
		capture_start();
		st = db_conf_read(&d, &with_settings, &id, &e);
		capture_stop();
		assert_int_equal(st, t[i].error != NULL ? ST_TEMP : ST_OK);
		if (t[i].error != NULL && strstr(e.text, t[i].error) == NULL)
			fail_msg("%s", e.text);
		if (strstr(captured, t[i].logged) == NULL)
			fail_msg("%s", captured);
		arena_clear(&arena);
	}
	close(fd);
	unlink(path);
}

/* --- the loader ---------------------------------------------------------- */

static void no_module(const char *dir, const char *want)
{
	const struct db_engine *g;
	struct err e;

	setenv("MAP_MODULES", dir, 1);
	assert_int_equal(module_load("mysql", &g, &e), ST_TEMP);
	if (strncmp(e.text, "unsupported dictionary type: mysql", 34) != 0 ||
	    strstr(e.text, want) == NULL)
		fail_msg("%s", e.text);
}

static void refused(void **state)
{
	char dir[] = "/tmp/test_db.XXXXXX";
	char file[100];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/map_mysql.so", dir);
	no_module(dir, "map_mysql.so is not installed");
	/* Never the current directory. */
	assert_int_equal(chdir(dir), 0);
	close(open(file, O_CREAT | O_WRONLY, 0644));
	no_module(".", MODULE_DIR "/map_mysql.so");
	no_module("", MODULE_DIR "/map_mysql.so");
	no_module(dir, "cannot load");
	assert_int_equal(chmod(file, 0666), 0);
	no_module(dir, "others could have written it");
	if (geteuid() == 0) {
		assert_int_equal(chmod(file, 0644), 0);
		assert_int_equal(chmod(dir, 0777), 0);
		no_module(dir, "others could have written it");
		assert_int_equal(chmod(dir, 0755), 0);
		assert_int_equal(chown(file, 1234, 0), 0);
		no_module(dir, "others could have written it");
	}
	assert_int_equal(chdir("/"), 0);
	unlink(file);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries),
		cmocka_unit_test(results),
		cmocka_unit_test(too_long),
		cmocka_unit_test(syntax),
		cmocka_unit_test(kept),
		cmocka_unit_test(single),
		cmocka_unit_test(several),
		cmocka_unit_test(random_order),
		cmocka_unit_test(conf_files),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
