/* test_maildir - names, and file systems that cannot, or do and say no. */

#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <regex.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/macros.h"
#include "mail/maildir.h"

/* What a call does: errno of its answer, and whether it is done. */
struct fault {
	int why; /* 0: as usual */
	bool done;
};

static struct fault rename_fault, link_fault, create_fault;

int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to,
    unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to,
    unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to,
    unsigned flags)
{
	int rc = 0;

	if (rename_fault.why == 0 || rename_fault.done)
		rc = __real_renameat2(from_fd, from, to_fd, to, flags);
	if (rename_fault.why == 0 || rc != 0)
		return rc;
	errno = rename_fault.why;
	return -1;
}

int __real_linkat(int from_fd, const char *from, int to_fd, const char *to,
    int flags);
int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to,
    int flags);
int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to,
    int flags)
{
	int rc = 0;

	if (link_fault.why == 0 || link_fault.done)
		rc = __real_linkat(from_fd, from, to_fd, to, flags);
	if (link_fault.why == 0 || rc != 0)
		return rc;
	errno = link_fault.why;
	return -1;
}

int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...)
{
	int made = __real_openat(fd, path, flags, 0600), why = create_fault.why;

	if ((flags & O_EXCL) == 0 || why == 0 || made < 0)
		return made;
	/* Once: the next name is another one. */
	create_fault.why = 0;
	close(made);
	errno = why;
	return -1;
}

static char top[] = "/tmp/test_maildir.XXXXXX";
static struct maildir_store store;

static int remove_one(const char *path, const struct stat *sb, int type,
    struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void clean(void)
{
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	assert_int_equal(mkdir(top, 0700), 0);
	close(store.fd);
	store.fd = open(top, O_RDONLY | O_DIRECTORY);
	rename_fault = link_fault = create_fault = (struct fault){ 0, false };
}

static int setup(void **state)
{
	(void)state;
	store = (struct maildir_store){ .fd = -1, .path = top };
	return mkdtemp(top) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	clean();
	close(store.fd);
	return rmdir(top);
}

/* Files in DIR of the one Maildir; the last name is kept in name. */
static int count(const char *dir, char name[256])
{
	char path[100];
	const struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/m/%s", top, dir);
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			n++;
			snprintf(name, 256, "%s", e->d_name);
		}
	if (d != NULL)
		closedir(d);
	return n;
}

static enum st deliver(struct err *e)
{
	AUTO_ARENA a = { 0 };
	struct maildir_msg msg = { .fd = -1 };
	enum st st = maildir_stage(&msg, &a, &store, STR("m/"), e);

	if (st == ST_OK && !io_write_full(msg.fd, "12345", 5))
		fail();
	if (st == ST_OK)
		st = maildir_publish(&msg, &a, e);
	maildir_discard(&msg);
	return st;
}

static void test_faults(void **state)
{
	static const struct {
		const char *what;
		struct fault rename, link, create;
		enum st st;
		const char *dsn;
		int staged; /* files left in tmp */
	} rows[] = {
		{ "as usual", { 0, 0 }, { 0, 0 }, { 0, 0 }, ST_OK, "", 0 },
		{ "no RENAME_NOREPLACE", { EINVAL, 0 }, { 0, 0 }, { 0, 0 },
		    ST_OK, "", 0 },
		{ "an old kernel", { ENOSYS, 0 }, { 0, 0 }, { 0, 0 }, ST_OK, "",
		    0 },
		{ "no link either", { EINVAL, 0 }, { EPERM, 0 }, { 0, 0 },
		    ST_OK, "", 0 },
		{ "nor that one", { EINVAL, 0 }, { EOPNOTSUPP, 0 }, { 0, 0 },
		    ST_OK, "", 0 },
		/* NFS: the answer was lost, and the question asked again */
		{ "renamed, and no such file", { ENOENT, 1 }, { 0, 0 },
		    { 0, 0 }, ST_OK, "", 0 },
		{ "renamed, and an error", { EIO, 1 }, { 0, 0 }, { 0, 0 },
		    ST_OK, "", 0 },
		{ "linked, and there already", { EINVAL, 0 }, { EEXIST, 1 },
		    { 0, 0 }, ST_OK, "", 0 },
		{ "made, and there already", { 0, 0 }, { 0, 0 }, { EEXIST, 1 },
		    ST_OK, "", 1 },
		/* errors that are some */
		{ "not renamed", { EIO, 0 }, { 0, 0 }, { 0, 0 }, ST_TEMP,
		    "4.2.0", 0 },
		{ "not linked", { EINVAL, 0 }, { EACCES, 0 }, { 0, 0 }, ST_TEMP,
		    "4.2.0", 0 },
		{ "no space for a name", { ENOSPC, 0 }, { 0, 0 }, { 0, 0 },
		    ST_TEMP, "4.3.0", 0 },
		{ "over quota", { EDQUOT, 0 }, { 0, 0 }, { 0, 0 }, ST_PERM,
		    "5.2.2", 0 },
	};
	char name[256];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct err e = { "", "" };
		enum st st;

		clean();
		/* new/ is there, so that "no such file" is no news of it. */
		assert_int_equal(deliver(&e), ST_OK);
		rename_fault = rows[i].rename;
		link_fault = rows[i].link;
		create_fault = rows[i].create;
		st = deliver(&e);
		if (st != rows[i].st || strcmp(e.dsn, rows[i].dsn) != 0)
			fail_msg("%s: %s", rows[i].what, e.text);
		if (count("tmp", name) != rows[i].staged)
			fail_msg("%s: %s is left in tmp", rows[i].what, name);
		if (count("new", name) != (st == ST_OK ? 2 : 1))
			fail_msg("%s: %d files in new", rows[i].what,
			    count("new", name));
	}
}

/* Never over a name that is there: by each of the three ways. */
static void test_no_replacing(void **state)
{
	static const struct fault ways[][2] = {
		{ { 0, 0 }, { 0, 0 } },
		{ { EINVAL, 0 }, { 0, 0 } },
		{ { EINVAL, 0 }, { EPERM, 0 } },
	};
	char name[256], taken[400];
	struct err e;
	size_t i;

	(void)state;
	clock_set_for_test(0, 1000);
	for (i = 0; i < NELEM(ways); i++) {
		AUTO_ARENA a = { 0 };
		struct maildir_msg msg = { .fd = -1 };
		struct stat sb;
		int fd;

		clean();
		assert_int_equal(deliver(&e), ST_OK);
		assert_int_equal(count("new", name), 1);
		assert_int_equal(maildir_stage(&msg, &a, &store, STR("m"), &e),
		    ST_OK);
		/* The very name that it would take at this time. */
		assert_int_equal(fstat(msg.fd, &sb), 0);
		snprintf(taken, sizeof(taken), "m/new/1000.V%llxI%llxM0%s",
		    (unsigned long long)sb.st_dev,
		    (unsigned long long)sb.st_ino,
		    strchr(strchr(name, 'M'), '.'));
		fd = __real_openat(store.fd, taken, O_WRONLY | O_CREAT | O_EXCL,
		    0600);
		assert_true(fd >= 0 && io_write_full(fd, "older", 5));
		close(fd);
		rename_fault = ways[i][0];
		link_fault = ways[i][1];
		assert_int_equal(maildir_publish(&msg, &a, &e), ST_OK);
		assert_string_not_equal(msg.new, taken);
		assert_int_equal(count("new", name), 3);
		assert_int_equal(fstatat(store.fd, taken, &sb, 0), 0);
		assert_int_equal(sb.st_size, 5);
		maildir_discard(&msg);
	}
	clock_set_for_test(-1, -1);
}

static void assert_matches(const char *name, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, name, 0, NULL, 0) != 0)
		fail_msg("%s does not match %s", name, pattern);
	regfree(&re);
}

static void test_names(void **state)
{
	AUTO_ARENA a = { 0 };
	struct maildir_msg msg = { .fd = -1 };
	char name[256];
	struct err e;

	(void)state;
	clean();
	assert_int_equal(maildir_stage(&msg, &a, &store, STR("m/"), &e), ST_OK);
	assert_int_equal(count("tmp", name), 1);
	assert_matches(name, "^[0-9]+\\.P[0-9]+Q[0-9]+B[0-9a-f]{8}\\.[^:/]+$");
	maildir_discard(&msg);
	assert_int_equal(count("tmp", name), 0);
	assert_int_equal(deliver(&e), ST_OK);
	count("new", name);
	assert_matches(name,
	    "^[0-9]+\\.V[0-9a-f]+I[0-9a-f]+M[0-9]{1,6}\\.[^:/,]+$");
	clean();
	store.sized = true;
	assert_int_equal(deliver(&e), ST_OK);
	store.sized = false;
	count("new", name);
	assert_matches(name,
	    "^[0-9]+\\.V[0-9a-f]+I[0-9a-f]+M[0-9]{1,6}\\.[^:/,]+,S=5$");
}

/* A child leaves its file and dies; ours is being written. */
static void leave_files(struct maildir_msg *ours, struct arena *a)
{
	char path[100];
	struct err e;
	int status, fd;
	pid_t child;

	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(maildir_stage(ours, a, &store, STR("m"), &e) == ST_OK
			? 0
			: 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(maildir_stage(ours, a, &store, STR("m"), &e), ST_OK);
	snprintf(path, sizeof(path), "%s/m/tmp/1700000000.P1.other", top);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/m/tmp/sub", top);
	assert_int_equal(mkdir(path, 0700), 0);
}

/* The dead leave at once, everybody after 36 hours, and only files. */
static void test_sweep(void **state)
{
	static const struct {
		int64_t hours;
		int left; /* with the directory */
	} rows[] = { { 0, 3 }, { 35, 3 }, { 37, 1 } };
	AUTO_ARENA a = { 0 };
	struct maildir_msg ours = { .fd = -1 };
	time_t now = time(NULL);
	char name[256];
	size_t i;

	(void)state;
	clean();
	leave_files(&ours, &a);
	assert_int_equal(count("tmp", name), 4);
	for (i = 0; i < NELEM(rows); i++) {
		clock_set_for_test(0, now + rows[i].hours * 3600);
		maildir_sweep(&store, "m");
		assert_int_equal(count("tmp", name), rows[i].left);
	}
	clock_set_for_test(0, -1);
	assert_string_equal(name, "sub");
	maildir_discard(&ours);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_no_replacing),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sweep),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
