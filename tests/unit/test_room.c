/* test_room - full disks, quotas and maildirsize; whoever has none has room. */

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/macros.h"
#include "mail/maildirsize.h"
#include "vdeliver/room.h"

/* --- quotas -------------------------------------------------------------- */

static struct dqblk quota;
static bool quota_on;

int __wrap_quotactl(int cmd, const char *special, int id, char *addr);
int __wrap_quotactl(int cmd, const char *special, int id, char *addr)
{
	if (!quota_on || (unsigned)cmd >> SUBCMDSHIFT != Q_GETQUOTA ||
	    (cmd & SUBCMDMASK) != USRQUOTA || *special != '/' ||
	    id != (int)geteuid()) {
		errno = ESRCH;
		return -1;
	}
	memcpy(addr, &quota, sizeof(quota));
	return 0;
}

/* Where quotas are really on they must not be seen. */
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	(void)number;
	errno = ENOSYS;
	return -1;
}

static char top[] = "/var/tmp/test_room.XXXXXX";
static struct maildir_store store;

static int remove_one(const char *path, const struct stat *sb, int type,
    struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(top) == NULL)
		return -1;
	store = (struct maildir_store){ open(top, O_RDONLY | O_DIRECTORY), top,
		false, false, false };
	return store.fd >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	close(store.fd);
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const struct {
	struct dqblk quota;
	uint64_t size;
	const char *path;
	bool defer;
	enum st st;
	const char *dsn;
} quotas[] = {
	/* no limits */
	{ { .dqb_curspace = 5000 }, 100, "u/", false, ST_OK, "" },
	/* limits are in kilobytes, what is there in bytes */
	{ { .dqb_bhardlimit = 10, .dqb_curspace = 9000 }, 1240, "u/", false,
	    ST_OK, "" },
	{ { .dqb_bhardlimit = 10, .dqb_curspace = 9000 }, 1241, "u/", false,
	    ST_PERM, "5.2.2" },
	{ { .dqb_bhardlimit = 10, .dqb_curspace = 9000 }, 1241, "u", true,
	    ST_TEMP, "4.2.2" },
	/* without SIZE: full is full */
	{ { .dqb_bhardlimit = 10, .dqb_curspace = 10240 }, 0, "u/", false,
	    ST_PERM, "5.2.2" },
	/* a soft limit counts when its time is over: long ago, or not yet */
	{ { .dqb_bhardlimit = 10,
	      .dqb_bsoftlimit = 5,
	      .dqb_curspace = 6000,
	      .dqb_btime = 1 },
	    1, "u/", false, ST_PERM, "5.2.2" },
	{ { .dqb_bhardlimit = 10,
	      .dqb_bsoftlimit = 5,
	      .dqb_curspace = 6000,
	      .dqb_btime = UINT32_MAX },
	    1, "u/", false, ST_OK, "" },
	/* an mbox takes no new file */
	{ { .dqb_ihardlimit = 10, .dqb_curinodes = 10 }, 1, "u/", false,
	    ST_PERM, "5.2.2" },
	{ { .dqb_ihardlimit = 10, .dqb_curinodes = 10 }, 1, "u", false, ST_OK,
	    "" },
};

static void test_quotas(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(quotas); i++) {
		struct err e = { "", "" };
		enum st st;

		quota = quotas[i].quota;
		quota_on = true;
		store.defer_quota = quotas[i].defer;
		st = room_owner(&store, str_c(quotas[i].path), quotas[i].size,
		    &e);
		if (st != quotas[i].st || strcmp(e.dsn, quotas[i].dsn) != 0)
			fail_msg("row %zu: %s %s", i, st_name(st), e.text);
		/* Nobody knows: there is room. */
		quota_on = false;
		assert_int_equal(room_owner(&store, str_c(quotas[i].path),
				     quotas[i].size, &e),
		    ST_OK);
	}
	store.defer_quota = false;
}

/* --- file systems -------------------------------------------------------- */

static void test_store(void **state)
{
	static const struct {
		struct statvfs vfs;
		uint64_t size;
		enum st st;
	} rows[] = {
		{ { .f_frsize = 4096,
		      .f_bavail = 256,
		      .f_files = 9,
		      .f_favail = 1 },
		    0, ST_OK },
		{ { .f_frsize = 4096,
		      .f_bavail = 255,
		      .f_files = 9,
		      .f_favail = 1 },
		    0, ST_TEMP },
		{ { .f_frsize = 4096,
		      .f_bavail = 255,
		      .f_files = 9,
		      .f_favail = 1 },
		    4096 * 255, ST_OK },
		{ { .f_frsize = 4096,
		      .f_bavail = 255,
		      .f_files = 9,
		      .f_favail = 1 },
		    4096 * 255 + 1, ST_TEMP },
		{ { .f_frsize = 4096,
		      .f_bavail = 9999,
		      .f_files = 9,
		      .f_favail = 0 },
		    1, ST_TEMP },
		/* btrfs counts no inodes */
		{ { .f_frsize = 4096,
		      .f_bavail = 9999,
		      .f_files = 0,
		      .f_favail = 0 },
		    1, ST_OK },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct err e = { "", "" };

		if (room_store(&rows[i].vfs, rows[i].size, &e) != rows[i].st)
			fail_msg("row %zu: %s", i, e.text);
		assert_string_equal(e.dsn, rows[i].st == ST_OK ? "" : "4.3.1");
	}
}

/* --- maildirsize --------------------------------------------------------- */

static void put(const char *name, const char *text)
{
	int fd = openat(store.fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0 && io_write_full(fd, text, strlen(text)));
	close(fd);
}

static void put_maildir(const char *name)
{
	static const char *const parts[] = { "", "/tmp", "/new", "/cur" };
	char path[100];
	size_t i;

	for (i = 0; i < NELEM(parts); i++) {
		snprintf(path, sizeof(path), "%s%s", name, parts[i]);
		mkdirat(store.fd, path, 0700);
	}
}

static void make_old(const char *name)
{
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	assert_int_equal(utimensat(store.fd, name, old, 0), 0);
}

static void assert_file(const char *name, const char *want)
{
	AUTO_BUF text = BUF_MAX(10000);
	AUTO_FD fd = openat(store.fd, name, O_RDONLY);

	assert_int_equal(io_slurp(fd, name, &text, NULL), ST_OK);
	assert_str(buf_str(&text), want);
}

static void test_maildirsize(void **state)
{
	static const struct {
		const char *text;
		uint64_t size;
		enum st st;
	} rows[] = {
		{ "1000S\n", 1000, ST_OK },
		{ "1000S\n", 1001, ST_PERM },
		{ "1000S\n900 3\n", 101, ST_PERM },
		{ "1000S\n900 3\n-500 -1\n", 101, ST_OK },
		{ "2C\n900 1\n", 1, ST_OK },
		{ "2C\n900 2\n", 1, ST_PERM },
		{ "1000S,2C\n1 2\n", 1, ST_PERM },
		{ "1000S,5X\n   900          3\n", 101, ST_PERM },
		{ "0S,0C\n900 2\n", 1, ST_OK },
		/* not as it should be: it says nothing */
		{ "", 1, ST_NONE },
		{ "much\n", 1, ST_NONE },
		{ "1000S\nx y\n900\n", 1000, ST_OK },
	};
	struct err e;
	size_t i;

	(void)state;
	put_maildir("m");
	assert_int_equal(maildirsize_check(&store, "m", 1, true, &e), ST_NONE);
	maildirsize_add(&store, "m", 5);
	assert_int_not_equal(faccessat(store.fd, "m/maildirsize", F_OK, 0), 0);
	for (i = 0; i < NELEM(rows); i++) {
		put("m/maildirsize", rows[i].text);
		if (maildirsize_check(&store, "m", rows[i].size, true, &e) !=
		    rows[i].st)
			fail_msg("%s: %s", rows[i].text, e.text);
	}
	put("m/maildirsize", "1000S\n");
	maildirsize_add(&store, "m", 50);
	assert_file("m/maildirsize", "1000S\n50 1\n");
	/* as the worker is asked */
	put("m/maildirsize", "1000S\n999 1\n");
	assert_int_equal(room_owner(&store, STR("m/"), 2, &e), ST_PERM);
	assert_string_equal(e.dsn, "5.2.2");
	store.defer_quota = true;
	assert_int_equal(room_owner(&store, STR("m/"), 2, &e), ST_TEMP);
	assert_string_equal(e.dsn, "4.2.2");
	store.defer_quota = false;
}

/* What is old or long is counted anew, from names where they tell it. */
static void test_count(void **state)
{
	char text[6000] = "1000S\n";
	struct err e;
	size_t n;

	(void)state;
	put_maildir("c");
	put_maildir("c/.Sent");
	put_maildir("c/.Trash");
	put("c/.Sent/maildirfolder", "");
	put("c/new/1.a.h", "0123456789");
	put("c/cur/2.b.h,S=100:2,S", "x");
	put("c/cur/3.c.h,S=100:2,ST", "x"); /* on its way out */
	put("c/.Sent/cur/4.d.h,S=300:2,S", "x");
	put("c/.Trash/cur/5.e.h,S=500:2,S", "x");
	put("c/maildirsize", "1000S\n2000 9\n");
	assert_int_equal(maildirsize_check(&store, "c", 1, true, &e), ST_PERM);
	make_old("c/maildirsize");
	/* Whoever only asks does not count. */
	assert_int_equal(maildirsize_check(&store, "c", 1, false, &e), ST_NONE);
	assert_int_equal(maildirsize_check(&store, "c", 590, true, &e), ST_OK);
	assert_file("c/maildirsize", "1000S\n         410            3\n");
	assert_int_equal(maildirsize_check(&store, "c", 591, true, &e),
	    ST_PERM);
	for (n = strlen(text); n < 5200; n += 4)
		memcpy(text + n, "1 1\n", 5);
	put("c/maildirsize", text);
	assert_int_equal(maildirsize_check(&store, "c", 1, false, &e), ST_NONE);
	assert_int_equal(maildirsize_check(&store, "c", 1, true, &e), ST_OK);
	assert_file("c/maildirsize", "1000S\n         410            3\n");
	/* A folder's quota is that of the whole. */
	assert_int_equal(maildirsize_check(&store, "c/.Sent", 591, true, &e),
	    ST_PERM);
	maildirsize_add(&store, "c/.Sent", 7);
	assert_file("c/maildirsize", "1000S\n         410            3\n7 1\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store),
		cmocka_unit_test(test_quotas),
		cmocka_unit_test(test_maildirsize),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
