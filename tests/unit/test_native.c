/* test_native - the commands that only maptool has: output and status. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "map/build.h"
#include "maptool/migrate_text.h"
#include "maptool/native.h"

#define OUT_MAX (1 << 20)
#define ARGS    20

static char dir[] = "/tmp/test_native.XXXXXX";

/* What the last command printed, both outputs in one. */
static char printed[OUT_MAX];

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL || chdir(dir) != 0 ||
	    mkdir("etc", 0755) != 0 || setenv("MAIL_CONFIG", "etc", 1) != 0)
		return -1;
	return 0;
}

static int teardown(void **state)
{
	char command[sizeof(dir) + 20];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return chdir("/") != 0 || system(command) != 0;
}

static void put_bytes(const char *name, const void *p, size_t n)
{
	AUTO_FD fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0 && io_write_full(fd, p, n));
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static void read_back(void)
{
	AUTO_BUF text = BUF_MAX(OUT_MAX - 1);
	struct err e;

	assert_int_equal(io_read_file("out", &text, &e), ST_OK);
	snprintf(printed, sizeof(printed), "%s", buf_c(&text));
}

/* In a child: what a command leaves behind is gone with it. line is split at
 * blanks. */
static int run(const char *line)
{
	struct str rest = str_c(line), word;
	char *argv[ARGS + 1];
	int argc = 0, how;
	pid_t pid;

	while (argc < ARGS && str_word(&rest, " ", &word))
		argv[argc++] = xstrndup(word);
	argv[argc] = NULL;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int fd = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);

		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		setvbuf(stdout, NULL, _IOLBF, 0);
		log_init("maptool");
		_exit(native_main(native_find(argv[0]), argc, argv));
	}
	while (argc > 0)
		free(argv[--argc]);
	assert_true(waitpid(pid, &how, 0) == pid);
	read_back();
	return WIFEXITED(how) ? WEXITSTATUS(how) : 1000 + how;
}

static void expect_text(const char *line, int status, const char *want)
{
	int got = run(line);

	if (got != status || strcmp(printed, want) != 0)
		fail_msg("%s: status %d, want %d; got:\n%s-- want:\n%s", line,
		    got, status, printed, want);
}

/* want is part of what is printed. */
static void expect(const char *line, int status, const char *want)
{
	int got = run(line);

	if (got != status || strstr(printed, want) == NULL)
		fail_msg("%s: status %d, want %d; \"%s\" is not in:\n%s", line,
		    got, status, want, printed);
}

static const char *const types[] = {
	"hash",
	"btree",
	"lmdb",
#ifdef HAVE_CDB
	"cdb",
#endif
};
static const char *const suffixes[] = { ".db", ".db", ".lmdb", ".cdb" };

/* --- each command -------------------------------------------------------- */

static void test_usage(void **state)
{
	static const char *const names[] = { "build", "check", "convert",
		"diff", "dump", "migrate", "query", "verify" };
	char line[100];
	size_t i;

	(void)state;
	put("etc/main.cf", "");
	for (i = 0; i < NELEM(names); i++) {
		snprintf(line, sizeof(line), "%s --help", names[i]);
		expect(line, NATIVE_YES, "usage: maptool ");
		snprintf(line, sizeof(line), "%s --nonsense", names[i]);
		expect(line, NATIVE_ERROR, "usage: maptool ");
		snprintf(line, sizeof(line), "%s -Z", names[i]);
		expect(line, NATIVE_ERROR, "usage: maptool ");
	}
	assert_null(native_find("nonsense"));
	put("etc/main.cf", "no equal sign\n");
	expect("dump hash:t", NATIVE_ERROR, "missing '='");
	put("etc/main.cf", "");
}

static void test_dump(void **state)
{
	char line[100];
	size_t i;

	(void)state;
	put("t", "b@e.com two, \"2\"\nA@e.com one\n");
	for (i = 0; i < NELEM(types); i++) {
		snprintf(line, sizeof(line), "build %s:t", types[i]);
		expect_text(line, NATIVE_YES, "");
		snprintf(line, sizeof(line), "dump %s:t", types[i]);
		expect_text(line, NATIVE_YES,
		    "a@e.com\tone\nb@e.com\ttwo, \"2\"\n");
	}
	expect_text("dump texthash:t", NATIVE_YES,
	    "a@e.com\tone\nb@e.com\ttwo, \"2\"\n");
	expect_text("dump -f texthash:t", NATIVE_YES,
	    "A@e.com\tone\nb@e.com\ttwo, \"2\"\n");
	expect_text("dump --format=json lmdb:t", NATIVE_YES,
	    "{\"a@e.com\": \"one\"}\n{\"b@e.com\": \"two, \\\"2\\\"\"}\n");
	expect_text("dump --format=csv lmdb:t", NATIVE_YES,
	    "key,value\na@e.com,one\nb@e.com,\"two, \"\"2\"\"\"\n");
	expect_text("dump --format=source lmdb:t", NATIVE_YES,
	    "# build it with: maptool build lmdb:t\n"
	    "a@e.com\tone\nb@e.com\ttwo, \"2\"\n");
	expect("dump --format=xml lmdb:t", NATIVE_ERROR,
	    "unknown format \"xml\"");
	expect("dump hash:nothing", NATIVE_ERROR,
	    "open database nothing.db: No such file or directory");
	expect("dump static:x", NATIVE_ERROR, "not supported");
	expect("dump nonsense:x", NATIVE_ERROR,
	    "unsupported dictionary type: nonsense");
	/* What is no UTF-8, and control characters. */
	put("t", "k a\x01\xff\tz\xc3\xa9\n");
	expect("dump --format=json texthash:t", NATIVE_ERROR,
	    "{\"k\": \"a\\u0001\\uFFFD\\tz\xc3\xa9\"}\n");
}

/* What source prints builds the same table again. */
static void test_source(void **state)
{
	(void)state;
	put("t", "a@e.com one\n\"x y\" \"q\"\nb\\ c d\n");
	expect_text("build hash:t", NATIVE_YES, "");
	expect("dump --format=source hash:t", NATIVE_YES, "\"x y\"\t\"q\"\n");
	put("again", printed);
	expect_text("diff hash:t again", NATIVE_YES, "");
	put("al", "root: me, \"|/bin/x y\"\n\"a b\": c\nx: y\n");
	expect_text("build -a hash:al", NATIVE_YES, "");
	expect_text("dump --format=source hash:al", NATIVE_YES,
	    "# build it with: maptool build -a hash:al\n"
	    "\"a b\": c\nroot: me, \"|/bin/x y\"\nx: y\n");
	put("again", printed);
	expect_text("diff hash:al again", NATIVE_YES, "");
	/* A key that no line of a source can have. */
	expect("dump --format=source inline:{{#k=v}}", NATIVE_ERROR,
	    "no source has the key \"#k\"");
	put("t", "Up case\n");
	expect_text("build -fn hash:t", NATIVE_YES, "");
	expect("dump --format=source hash:t", NATIVE_YES,
	    "maptool build -f -n hash:t\n");
}

static void test_diff(void **state)
{
	(void)state;
	put("t", "a 1\nb 2\nc 3\n");
	put("t2", "b 2\nC 4\nd 5\n");
	expect_text("build hash:t lmdb:t2", NATIVE_YES, "");
	expect_text("diff hash:t lmdb:t2", NATIVE_NO, "-a\n~c 3 -> 4\n+d\n");
	expect_text("diff lmdb:t2 hash:t", NATIVE_NO, "+a\n~c 4 -> 3\n-d\n");
	expect_text("diff hash:t t", NATIVE_YES, "");
	expect_text("diff texthash:t t2", NATIVE_NO, "-a\n~c 3 -> 4\n+d\n");
	expect_text("diff -f lmdb:t2 t2", NATIVE_NO, "+C\n-c\n");
	expect_text("diff t ./t2", NATIVE_NO, "-a\n~c 3 -> 4\n+d\n");
	expect("diff t nothing", NATIVE_ERROR, "nothing: No such file");
	expect("diff t", NATIVE_ERROR, "usage: ");
	expect("diff t t t", NATIVE_ERROR, "two tables");
}

static void test_convert(void **state)
{
	(void)state;
	put("t", "A 1\nb 2\n");
	expect_text("build -f hash:t", NATIVE_YES, "");
	unlink("t");
	expect_text("convert hash:t lmdb:x", NATIVE_YES, "");
	expect_text("diff hash:t lmdb:x", NATIVE_YES, "");
	expect_text("verify lmdb:x", NATIVE_YES, "lmdb:x: 2 records, good\n");
	expect_text("convert -v lmdb:x btree:y", NATIVE_YES,
	    "btree:y: made from lmdb:x\n");
	expect_text("dump btree:y", NATIVE_YES, "A\t1\nb\t2\n");
#ifdef HAVE_CDB
	/* Each type's own habit: no NUL here. */
	expect_text("convert btree:y cdb:z", NATIVE_YES, "");
	expect_text("dump --format=source cdb:z", NATIVE_YES,
	    "# build it with: maptool build -f cdb:z\nA\t1\nb\t2\n");
	expect_text("convert -N btree:y cdb:z", NATIVE_YES, "");
	expect("dump --format=source cdb:z", NATIVE_YES, "-f -N cdb:z\n");
#endif
	put("al", "root: me\n");
	expect_text("build -a hash:al", NATIVE_YES, "");
	expect_text("convert hash:al lmdb:al", NATIVE_YES, "");
	expect_text("verify lmdb:al", NATIVE_YES, "lmdb:al: 4 records, good\n");
	expect("convert hash:al regexp:r", NATIVE_ERROR,
	    "does not support bulk-mode creation");
	expect("convert hash:nothing lmdb:r", NATIVE_ERROR, "nothing.db");
	assert_int_equal(access("r.lmdb", F_OK), -1);
}

static void test_convert_mode(void **state)
{
	struct stat st;

	(void)state;
	put("t", "a 1\n");
	assert_int_equal(chmod("t", 0600), 0);
	unlink("t.db");
	unlink("m.lmdb");
	expect_text("build hash:t", NATIVE_YES, "");
	expect_text("convert hash:t lmdb:m", NATIVE_YES, "");
	assert_int_equal(stat("m.lmdb", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	unlink("t");
}

static void test_verify(void **state)
{
	struct map_build_how how = { .flags = MAP_TRY1,
		.add = true,
		.mode = 0644,
		.uid = (uid_t)-1 };
	struct map_build *b;
	struct err e;

	(void)state;
	put("t", "a 1\nb 2\nbad\n");
	expect("build hash:t", NATIVE_YES, "expected format");
	expect_text("verify hash:t", NATIVE_YES,
	    "hash:t: 2 records, 3 pages, 2 buckets, good\n");
	put("t", "a 1\nc 2\n");
	expect("verify hash:t", NATIVE_NO,
	    "1 keys only in the source, 1 only in the table, 0 with another "
	    "value; the first is \"b\"");
	expect("verify --no-source hash:t", NATIVE_YES, "good");
	expect("verify btree:t", NATIVE_NO, "the file is a hash table");
	expect("verify hash:nothing", NATIVE_ERROR, "No such file");
	expect("verify texthash:t", NATIVE_ERROR, "only files of hash");
	put("t", "a 1\nA 2\n");
	expect("build -r hash:t", NATIVE_YES, "");
	expect("verify hash:t", NATIVE_NO, "1 with another value");
	expect("verify -r hash:t", NATIVE_YES, "good");
	expect_text("diff -r hash:t t", NATIVE_YES, "");
	/* A file of one style, and one to which records of the other came. */
	put("t", "a 1\n");
	expect_text("build -n hash:t", NATIVE_YES, "");
	expect("verify hash:t", NATIVE_YES, "good");
	assert_int_equal(map_build_open(&b, STR("hash:t"), "hash", &how, &e),
	    ST_OK);
	assert_int_equal(map_build_put(b, STR("b"), STR("2"), &e), ST_OK);
	assert_int_equal(map_build_commit(b, &e), ST_OK);
	expect("verify --no-source hash:t", NATIVE_NO,
	    "1 records end in a NUL and 1 do not");
}

static void test_query(void **state)
{
	(void)state;
	put("etc/main.cf",
	    "recipient_delimiter = +\n"
	    "virtual_alias_maps = hash:t\n");
	put("re", "/x@y/ z\n");
	put("t", "u@e.com one\n@e.com all\nloc here\n");
	expect_text("build hash:t", NATIVE_YES, "");
	expect_text("query u+x@e.com hash:t", NATIVE_YES, "one\n");
	expect_text("query u+x@e.com $virtual_alias_maps", NATIVE_YES, "one\n");
	expect_text("query v@e.com hash:t", NATIVE_YES, "all\n");
	expect_text("query v@f.com hash:t", NATIVE_NO, "");
	expect_text("query loc+y@f.com hash:t", NATIVE_NO, "");
	expect_text("query --local loc+y@f.com hash:t", NATIVE_YES, "here\n");
	expect_text("query --explain u+x@e.com regexp:re hash:t", NATIVE_YES,
	    "key u+x@e.com\n"
	    "  regexp:re: not found\n"
	    "  hash:t: not found\n"
	    "key u@e.com\n"
	    "  regexp:re: not asked for a part of an address\n"
	    "  hash:t: found: one\n"
	    "extension +x\n"
	    "answer one\n");
	expect("query --explain u@f.com hash:t", NATIVE_NO, "no answer\n");
	expect("query u@f.com hash:nothing", NATIVE_ERROR, "nothing.db");
	put("etc/main.cf", "");
}

static void test_check(void **state)
{
	(void)state;
	put("t", "good@e.com x\nalso@e.com a@e.com,\n b@e.com c@e.com\n");
	expect_text("check t", NATIVE_YES, "");
	put("t",
	    "\xef\xbb\xbf"
	    "f x\nA@e.com one\r\nb@e.com two # no\n"
	    " c@e.com three\nB@e.com x\nnovalue\n\"unb x\ne.com. r\n"
	    "\"a b\" c\n\"a b\"@e.com c\n<x@y> z\nkey: v\n"
	    "nb\xc2\xa0sp x\nsame 1\nSAME 1\n");
	expect_text("check t", NATIVE_NO,
	    "t, line 1: a UTF-8 byte order mark becomes part of the first key\n"
	    "t, line 4: goes on with the line before it, but looks like a key "
	    "of its own: \"c@e.com\"; remove the blanks at its start\n"
	    "t, line 2: lines end in CR LF, this and 0 more: in a line that is "
	    "continued the CR stays\n"
	    "t, line 3: \"# no c@e.com three\" is part of the value: a comment "
	    "needs a line of its own\n"
	    "t, line 5: duplicate entry: \"b@e.com\", already on line 3, whose "
	    "value counts\n"
	    "t, line 6: expected format: key whitespace value\n"
	    "t, line 7: unbalanced '\"' in '\"unb x' -- ignoring this line\n"
	    "t, line 8: the key \"e.com.\" can never match: it ends in a dot, "
	    "and domains are looked up without\n"
	    "t, line 9: the key \"\"a b\"\" can never match: it has a blank\n"
	    "t, line 11: the key \"<x@y>\" can never match: it stands in angle "
	    "brackets\n"
	    "t, line 12: record is in \"key: value\" format; is this an alias "
	    "file?\n"
	    "t, line 13: the key \"nb\xc2\xa0sp\" can never match: it has a "
	    "blank that looks like none, or none that looks like one "
	    "(Unicode)\n"
	    "t, line 15: duplicate entry: \"same\", already on line 14 with "
	    "the same value\n");
	put("t", "  lead x\nA b\n");
	expect_text("check -f t", NATIVE_NO,
	    "t: logical line must not start with whitespace: \"  lead x\"\n"
	    "t, line 2: the key \"A\" can never match: it has upper case "
	    "letters, and lookups are folded to lower case\n");
	put_bytes("t", "a b\0c\nx y\rz\n", 12);
	expect("check t", NATIVE_NO, "line 1: a NUL byte");
	expect("check t", NATIVE_NO, "line 2: a carriage return");
	put("t", "root: x\nroot: y\nfoo\na@b: c\n");
	expect_text("check -a t", NATIVE_NO,
	    "t, line 2: duplicate entry: \"root\", already on line 1, whose "
	    "value counts\n"
	    "t, line 3: need name:value pair\n"
	    "t, line 4: name must be local\n");
	put("t", "/a/ b\n/x( y\n");
	expect("check regexp:t", NATIVE_NO, "t, line 2");
	expect("check nothing", NATIVE_ERROR, "nothing: No such file");
}

/* --- build --------------------------------------------------------------- */

static void test_build(void **state)
{
	(void)state;
	unlink("t.db");
	put("t", "a 1\n");
	expect_text("build --check-only hash:t", NATIVE_NO,
	    "hash:t: out of date: there is no table\n");
	assert_int_equal(access("t.db", F_OK), -1);
	expect_text("build --if-changed -v hash:t", NATIVE_YES,
	    "hash:t: built: there is no table\n");
	expect_text("build --if-changed -v hash:t", NATIVE_YES,
	    "hash:t: up to date\n");
	expect_text("build --check-only hash:t", NATIVE_YES, "");
	put("t", "a 2\n"); /* of the same length */
	expect_text("build --check-only hash:t", NATIVE_NO,
	    "hash:t: out of date: the source changed\n");
	expect_text("build --if-changed -v hash:t", NATIVE_YES,
	    "hash:t: built: the source changed\n");
	expect_text("build --if-changed -v -n hash:t", NATIVE_YES,
	    "hash:t: built: the options changed\n");
	expect_text("build -v hash:t", NATIVE_YES,
	    "hash:t: built: asked for\n");
	expect_text("convert hash:t btree:u", NATIVE_YES, "");
	assert_int_equal(rename("u.db", "t.db"), 0);
	expect_text("build --check-only hash:t", NATIVE_NO,
	    "hash:t: out of date: the table was changed by others\n");
	expect_text("build --if-changed hash:t", NATIVE_YES, "");
	/* Nothing was written down: the records tell. */
	assert_int_equal(unlink(".t.maptool"), 0);
	expect_text("build --check-only -v hash:t", NATIVE_YES,
	    "hash:t: up to date\n");
	assert_int_equal(access(".t.maptool", F_OK), -1);
	put("t", "a 3\n");
	expect_text("build --check-only -v hash:t", NATIVE_NO,
	    "hash:t: out of date: it is not what its source says\n");
	put(".t.maptool", "hash nonsense\n\nhash\n");
	expect_text("build --if-changed -v hash:t", NATIVE_YES,
	    "hash:t: built: it is not what its source says\n");
	expect("build hash:nothing", NATIVE_ERROR, "nothing: No such file");
	expect("build regexp:t", NATIVE_ERROR, "cannot be built");
	expect("build", NATIVE_ERROR, "which table");
}

/* Two types of one source have a line each. */
static void test_two_stamps(void **state)
{
	(void)state;
	put("t", "a 1\n");
	expect_text("build hash:t lmdb:t", NATIVE_YES, "");
	expect_text("build --if-changed -v hash:t lmdb:t", NATIVE_YES,
	    "hash:t: up to date\nlmdb:t: up to date\n");
}

/* A touched source: the same content, but Postfix would warn of its date. */
static void test_later_date(void **state)
{
	struct timespec times[2] = { { 0, UTIME_NOW }, { 0, 0 } };

	(void)state;
	put("t", "a 1\n");
	expect_text("build hash:t", NATIVE_YES, "");
	times[1].tv_sec = clock_seconds() + 100;
	assert_int_equal(utimensat(AT_FDCWD, "t", times, 0), 0);
	expect_text("build --check-only hash:t", NATIVE_NO,
	    "hash:t: out of date: the source has a later date\n");
	times[1].tv_sec -= 200;
	assert_int_equal(utimensat(AT_FDCWD, "t", times, 0), 0);
	expect_text("build --check-only hash:t", NATIVE_YES, "");
}

static const char main_cf[] = "# hash:/a/comment\n"
			      "default_database_type = hash\n"
			      "prefix = hash:./\n"
			      "virtual_alias_maps = hash:./va, regexp:./re,\n"
			      "  proxy:btree:./vb\n"
			      "transport_maps = ${prefix}tr\n"
			      "alias_maps = hash:./al\n"
			      "alias_database = hash:./al\n"
			      "address_verify_map = btree:./verify\n"
			      "postscreen_cache_map = btree:./screen\n";
static const char master_cf[] =
    "smtp inet n - n - - smtpd\n"
    "  -o smtpd_client_restrictions=check_client_access,hash:./ac\n"
    "  -o { smtpd_sender_restrictions = check_sender_access hash:./se, x }\n";

static void prepare_all(void)
{
	put("etc/main.cf", main_cf);
	put("etc/master.cf", master_cf);
	put("va", "a@b c\n");
	put("re", "/x@y/ z\n");
	put("vb", "b@b c\n");
	put("tr", "b smtp:\n");
	put("al", "root: me\n");
	put("ac", "1.2.3.4 OK\n");
	put("se", "x@y REJECT\n");
}

static void test_all(void **state)
{
	static const char list[] = "hash:./va btree:./vb hash:./tr hash:./al "
				   "hash:./ac hash:./se";
	struct str rest = str_c(list), word;
	AUTO_BUF want = BUF_MAX(4000);
	AUTO_BUF current = BUF_MAX(4000);

	(void)state;
	prepare_all();
	unlink("al.db");
	while (str_word(&rest, " ", &word)) {
		buf_addf(&want, "%.*s: out of date: there is no table\n",
		    STR_ARG(word));
		buf_addf(&current, "%.*s: up to date\n", STR_ARG(word));
	}
	expect_text("build --all --check-only", NATIVE_NO, buf_c(&want));
	expect_text("build --all", NATIVE_YES, "");
	expect_text("build --all -v", NATIVE_YES, buf_c(&current));
	expect("dump hash:./al", NATIVE_YES, "root\tme\n");
	expect("dump hash:./al", NATIVE_YES, "YP_LAST_MODIFIED\t");
	/* One of them has no source any more. */
	unlink("se");
	expect_text("build --all --check-only", NATIVE_YES, "");
	unlink("se.db");
	expect("build --all --check-only", NATIVE_ERROR,
	    "hash:./se: open ./se: No such file or directory");
}

/* --- migrate ------------------------------------------------------------- */

static void assert_file(const char *name, const char *want)
{
	AUTO_BUF text = BUF_MAX(100000);
	struct err e;

	assert_int_equal(io_read_file(name, &text, &e), ST_OK);
	assert_string_equal(buf_c(&text), want);
}

static void test_migrate(void **state)
{
	struct stat st;

	(void)state;
	prepare_all();
	assert_int_equal(chmod("etc/main.cf", 0640), 0);
	expect("build --all", NATIVE_YES, "");
	unlink("vb"); /* from its old table */
	expect("migrate -n", NATIVE_YES,
	    "lmdb:./vb: would be made from ./vb.db\n");
	assert_file("etc/main.cf", main_cf);
	assert_int_equal(access("va.lmdb", F_OK), -1);
	expect("migrate", NATIVE_YES, "etc/main.cf: 8 references changed\n");
	assert_file("etc/main.cf",
	    "# hash:/a/comment\n"
	    "default_database_type = lmdb\n"
	    "prefix = lmdb:./\n"
	    "virtual_alias_maps = lmdb:./va, regexp:./re,\n"
	    "  proxy:lmdb:./vb\n"
	    "transport_maps = ${prefix}tr\n"
	    "alias_maps = lmdb:./al\n"
	    "alias_database = lmdb:./al\n"
	    "address_verify_map = lmdb:./verify\n"
	    "postscreen_cache_map = lmdb:./screen\n");
	assert_file("etc/master.cf",
	    "smtp inet n - n - - smtpd\n"
	    "  -o smtpd_client_restrictions=check_client_access,lmdb:./ac\n"
	    "  -o { smtpd_sender_restrictions = check_sender_access "
	    "lmdb:./se, x }\n");
	assert_int_equal(stat("etc/main.cf", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	expect_text("dump lmdb:vb", NATIVE_YES, "b@b\tc\n");
	expect_text("diff hash:va lmdb:va", NATIVE_YES, "");
	expect("dump lmdb:al", NATIVE_YES, "YP_LAST_MODIFIED\t");
	assert_int_equal(access("verify.lmdb", F_OK), -1);
	expect("migrate", NATIVE_YES, "left to do: postfix reload");
	assert_null(strstr(printed, "references"));
}

/* A table that cannot be made: the references stay. */
static void test_migrate_stops(void **state)
{
	(void)state;
	put("etc/main.cf",
	    "relay_domains = hash:./dir/none\n"
	    "virtual_alias_maps = hash:./va\n");
	put("etc/master.cf", "");
	put("va", "a@b c\n");
	unlink("va.lmdb");
	assert_int_equal(mkdir("va.lmdb", 0755), 0);
	expect("migrate", NATIVE_ERROR, "va.lmdb");
	assert_file("etc/main.cf",
	    "relay_domains = hash:./dir/none\n"
	    "virtual_alias_maps = hash:./va\n");
	assert_int_equal(rmdir("va.lmdb"), 0);
	expect("migrate --to hash", NATIVE_ERROR, "choose lmdb or cdb");
	expect("migrate --to nonsense", NATIVE_ERROR, "choose lmdb or cdb");
	expect("migrate hash:t", NATIVE_ERROR, "takes no table");
	put("etc/main.cf", "");
}

static void test_migrate_text(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "a = hash:/x\n", "a = cdb:/x\n" },
		{ "a = btree:/x", "a = cdb:/x" },
		{ "#a = hash:/x\n  #hash:/x\n", "#a = hash:/x\n  #hash:/x\n" },
		{ "a=texthash:/x myhash:/x static:hash:x x-hash:/y /hash:/z\n",
		    "a=texthash:/x myhash:/x static:hash:x x-hash:/y "
		    "/hash:/z\n" },
		{ "a = proxy:hash:/x {hash:/y,btree:/z}\n",
		    "a = proxy:cdb:/x {cdb:/y,cdb:/z}\n" },
		{ "smtp_tls_session_cache_database =\n  btree:/x\nb = "
		  "hash:/y\n",
		    "smtp_tls_session_cache_database =\n  lmdb:/x\nb = "
		    "cdb:/y\n" },
		{ "default_database_type = hash  \n",
		    "default_database_type = cdb  \n" },
		{ "default_database_type = $hash\nb = hash\n",
		    "default_database_type = $hash\nb = hash\n" },
		{ "a = hash\n", "a = hash\n" },
		{ "a = ${hash:/y}\n", "a = ${hash:/y}\n" },
		{ "a = ${x?hash:/y}\n", "a = ${x?cdb:/y}\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF out = BUF_MAX(1000);

		migrate_text(str_c(cases[i].text), "cdb", &out);
		assert_string_equal(buf_c(&out), cases[i].want);
	}
}

/* --- damaged files ------------------------------------------------------- */

static const char *const commands[] = {
	"verify --no-source %s:d",
	"dump %s:d",
	"diff %s:d t",
	"convert %s:d lmdb:e",
	"build --check-only %s:d",
};

/* Every command, for a table in whose place these bytes are: a status that
 * says no, or error, and an end within some seconds. */
static void try_all(size_t type, const void *p, size_t n, bool may_be_good)
{
	char path[20], format[100], line[120];
	int64_t begun = clock_ms();
	size_t i;
	int status;

	snprintf(path, sizeof(path), "d%s", suffixes[type]);
	put_bytes(path, p, n);
	for (i = 0; i < NELEM(commands); i++) {
		const char *at = strstr(commands[i], "%s");

		snprintf(format, sizeof(format), "%.*s",
		    (int)(at - commands[i]), commands[i]);
		snprintf(line, sizeof(line), "%s%s%s", format, types[type],
		    at + 2);
		status = run(line);
		if (status > NATIVE_ERROR ||
		    (status == NATIVE_YES && !may_be_good))
			fail_msg("%s: status %d, %s", line, status, printed);
		if (status == NATIVE_ERROR && printed[0] == '\0')
			fail_msg("%s: no reason", line);
	}
	assert_true(clock_ms() - begun < 60000);
}

static void load(size_t type, struct buf *bytes)
{
	char line[100], path[20];
	struct err e;

	snprintf(line, sizeof(line), "build %s:d", types[type]);
	expect_text(line, NATIVE_YES, "");
	snprintf(path, sizeof(path), "d%s", suffixes[type]);
	buf_reset(bytes);
	assert_int_equal(io_read_file(path, bytes, &e), ST_OK);
	unlink(".d.maptool");
}

static void test_damaged(void **state)
{
	AUTO_BUF bytes = BUF_MAX(1 << 20);
	AUTO_BUF noise = BUF_MAX(1 << 20);
	AUTO_BUF other = BUF_MAX(1 << 20);
	unsigned seed = 7;
	size_t i, at;

	(void)state;
	put("t", "a 1\nb 2\n");
	for (i = 0; i < 20000; i++)
		buf_addch(&noise, (char)rand_r(&seed));
	for (i = 0; i < NELEM(types); i++) {
		put("d", "a 1\nb 2\nc 3\n");
		load(i, &bytes);
		try_all(i, "", 0, false);
		try_all(i, "a 1\n", 4, false);
		try_all(i, noise.p, noise.n, false);
		try_all(i, bytes.p, 100, false);
		try_all(i, bytes.p, bytes.n / 2, false);
		/* Of another type. */
		load((i + 1) % NELEM(types), &other);
		try_all(i, other.p, other.n, false);
		load(i, &bytes);
		for (at = 0; at < bytes.n; at += at < 120 ? 17 : 1111) {
			bytes.p[at] ^= 0x55;
			try_all(i, bytes.p, bytes.n, true);
			bytes.p[at] ^= 0x55;
		}
	}
}

/* A page of an lmdb: file that leads to itself. */
static void test_lmdb_loop(void **state)
{
	AUTO_BUF bytes = BUF_MAX(8 << 20);
	AUTO_BUF text = BUF_MAX(8 << 20);
	size_t at, loops = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 3000; i++)
		buf_addf(&text, "user%u@example.com some value %u\n", i, i);
	put_bytes("d", text.p, text.n);
	load(2, &bytes);
	for (at = 2 * 4096; at + 4096 <= bytes.n; at += 4096) {
		uint64_t self = at / 4096;
		uint16_t flags, first;

		memcpy(&flags, bytes.p + at + 10, 2);
		if ((flags & 1) == 0) /* a branch */
			continue;
		/* Its first node's page number. */
		memcpy(&first, bytes.p + at + 16, 2);
		memcpy(bytes.p + at + first, &self, 4);
		loops++;
	}
	assert_true(loops != 0);
	try_all(2, bytes.p, bytes.n, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_convert),
		cmocka_unit_test(test_convert_mode),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_two_stamps),
		cmocka_unit_test(test_later_date),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_migrate),
		cmocka_unit_test(test_migrate_stops),
		cmocka_unit_test(test_migrate_text),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_lmdb_loop),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
