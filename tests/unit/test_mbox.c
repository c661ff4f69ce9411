/* test_mbox - quoting, locks, what is no mailbox, and every step that fails. */

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "mail/mbox.h"
#include "mail/mbox_lock.h"

/* Which call of which kind fails, and how. */
static struct {
	int write_at, fsync_at, truncate_at; /* from 1; 0: none */
	int why;
	bool half; /* the failing write writes half of it before */
} sick;

static bool is_it(int *at)
{
	if (*at == 0 || --*at != 0)
		return false;
	errno = sick.why;
	return true;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	if (sick.write_at == 1 && sick.half && n > 1) {
		sick.half = false;
		return __real_write(fd, p, n / 2);
	}
	return is_it(&sick.write_at) ? -1 : __real_write(fd, p, n);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return is_it(&sick.fsync_at) ? -1 : __real_fsync(fd);
}

int __real_ftruncate(int fd, off_t n);
int __wrap_ftruncate(int fd, off_t n);
int __wrap_ftruncate(int fd, off_t n)
{
	return is_it(&sick.truncate_at) ? -1 : __real_ftruncate(fd, n);
}

struct world {
	char dir[64];
	struct mbox_rules rules;
	struct mbox m;
	struct err e;
};

static void begin(struct world *w, unsigned locks)
{
	log_to_stderr(false);
	memset(w, 0, sizeof(*w));
	memset(&sick, 0, sizeof(sick));
	snprintf(w->dir, sizeof(w->dir), "/tmp/test_mbox.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->rules = (struct mbox_rules){ open(w->dir, O_RDONLY | O_DIRECTORY),
		w->dir, locks, 500, true, false, false };
	assert_true(w->rules.base >= 0);
	mbox_init(&w->m, &w->rules, STR("box"));
}

static int remove_one(const char *path, const struct stat *sb, int type,
    struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void end(struct world *w)
{
	clock_set_for_test(0, -1);
	mbox_clear(&w->m);
	close(w->rules.base);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int create(const struct world *w, const char *name, const char *text)
{
	int fd = openat(w->rules.base, name, O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_true(io_write_full(fd, text, strlen(text)));
	return fd;
}

static void has(const struct world *w, const char *name, const char *want)
{
	AUTO_BUF text = BUF_MAX(1000000);
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	assert_int_equal(io_read_file(path, &text, NULL), ST_OK);
	assert_str(buf_str(&text), want);
}

static bool exists(const struct world *w, const char *name)
{
	return faccessat(w->rules.base, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct mbox_msg message(const char *body)
{
	return (struct mbox_msg){ .sender = STR("s@remote.example"),
		.head = STR("Return-Path: <s@remote.example>\n"),
		.body = str_c(body),
		.fd = -1,
		.size = strlen(body) };
}

#define FIRST                                         \
	"From s@remote.example  Mon Jan  1 00:00:00 " \
	"2001\nReturn-Path: <s@remote.example>\n"

/* body, and how it stands in the file, an empty line after it */
static const struct {
	const char *body, *want;
} quotings[] = {
	{ "S: x\n\nhello\n", "S: x\n\nhello\n\n" },
	{ "\nFrom me\n", "\n>From me\n\n" },
	{ "\n>From me\n>>From\n", "\n>From me\n>>From\n\n" },
	{ "From me\n", ">From me\n\n" },
	{ "\nFrom\nFrom\tx\nfrom x\n From x\nFromm x\n",
	    "\nFrom\nFrom\tx\nfrom x\n From x\nFromm x\n\n" },
	{ "\nFFrom x\nFrFrom x\n", "\nFFrom x\nFrFrom x\n\n" },
	{ "\nFrom \nx From y\n", "\n>From \nx From y\n\n" },
	{ "\nFrom From x\nFrom x\n", "\n>From From x\n>From x\n\n" },
	{ "", "\n" },
	/* never stored so, and whole all the same */
	{ "\nno end", "\nno end\n\n" },
	{ "\nFrom", "\nFrom\n\n" },
	{ "\nFrom ", "\n>From \n\n" },
};

static void append_one(struct world *w, const struct mbox_msg *msg)
{
	struct mbox_span span;

	clock_set_for_test(0, 978307200);
	assert_int_equal(mbox_open(&w->m, &w->e), ST_OK);
	assert_int_equal(mbox_append(&w->m, msg, 0, &span, &w->e), ST_OK);
	assert_int_equal(mbox_sync(&w->m, &w->e), ST_OK);
	mbox_close(&w->m);
}

/* From memory, and from a file. */
static void test_quoting(void **state)
{
	struct mbox_msg msg;
	struct world w;
	char want[1000];
	size_t i;
	int from_file;

	(void)state;
	for (i = 0; i < NELEM(quotings) * 2; i++) {
		from_file = i % 2;
		begin(&w, MBOX_DOTLOCK | MBOX_FLOCK | MBOX_FCNTL);
		msg = message(quotings[i / 2].body);
		if (from_file)
			msg.fd = create(&w, "spool", quotings[i / 2].body);
		append_one(&w, &msg);
		snprintf(want, sizeof(want), FIRST "%s", quotings[i / 2].want);
		has(&w, "box", want);
		assert_false(exists(&w, "box.lock"));
		fd_clear(&msg.fd);
		end(&w);
	}
}

/* "From " on the edge of what is read at once, and of what is written. */
static void test_edges(void **state)
{
	static char body[70000], want[80000];
	struct mbox_msg msg;
	struct world w;
	size_t edge, n;

	(void)state;
	for (edge = 32768 - 120; edge < 32768 + 8; edge++) {
		begin(&w, MBOX_FCNTL);
		memset(body, 'x', edge);
		body[edge - 1] = '\n';
		snprintf(body + edge, sizeof(body) - edge, "From y\nz\n");
		n = (size_t)snprintf(want, sizeof(want), FIRST);
		memcpy(want + n, body, edge);
		snprintf(want + n + edge, sizeof(want) - n - edge,
		    ">From y\nz\n\n");
		msg = message(body);
		msg.fd = create(&w, "spool", body);
		append_one(&w, &msg);
		has(&w, "box", want);
		fd_clear(&msg.fd);
		end(&w);
	}
}

static void test_null_sender(void **state)
{
	struct mbox_msg msg = message("x\n");
	struct world w;

	(void)state;
	begin(&w, 0);
	msg.sender = STR("");
	msg.head = STR("Return-Path: <>\n");
	append_one(&w, &msg);
	has(&w, "box",
	    "From MAILER-DAEMON  Mon Jan  1 00:00:00 2001\n"
	    "Return-Path: <>\nx\n\n");
	end(&w);
}

/* What is there, and what is there after a message. */
static const struct {
	const char *before, *between;
} existing[] = {
	{ "", "" },
	{ "From a\n\nold\n\n", "" },
	{ "From a\n\nold\n", "" },
	{ "From a\n\nold", "\n\n" },
};

static void test_behind_others(void **state)
{
	struct mbox_msg msg = message("x\n");
	struct world w;
	struct stat sb;
	char want[1000];
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < NELEM(existing); i++) {
		begin(&w, MBOX_FCNTL);
		fd = create(&w, "box", existing[i].before);
		assert_int_equal(fchmod(fd, 0640), 0);
		append_one(&w, &msg);
		snprintf(want, sizeof(want), "%s%s" FIRST "x\n\n",
		    existing[i].before, existing[i].between);
		has(&w, "box", want);
		assert_int_equal(fstat(fd, &sb), 0);
		assert_int_equal(sb.st_mode & 07777, 0640);
		close(fd);
		end(&w);
	}
}

static void test_new_file(void **state)
{
	struct mbox_msg msg = message("x\n");
	struct world w;
	struct stat sb;

	(void)state;
	begin(&w, MBOX_DOTLOCK);
	append_one(&w, &msg);
	assert_int_equal(fstatat(w.rules.base, "box", &sb, 0), 0);
	assert_int_equal(sb.st_mode & 07777, 0600);
	end(&w);
}

/* --- failures ------------------------------------------------------------ */

static const struct {
	int why;
	bool half;
	enum st st;
	const char *dsn, *text;
} write_errors[] = {
	{ ENOSPC, false, ST_TEMP, "4.3.0", "No space left on device" },
	{ ENOSPC, true, ST_TEMP, "4.3.0", "No space left on device" },
	{ EIO, true, ST_TEMP, "4.3.0", "Input/output error" },
	{ EFBIG, true, ST_PERM, "5.2.2", "File too large" },
	{ EDQUOT, true, ST_PERM, "5.2.2", "Disk quota exceeded" },
};

/* Nothing of the message stays, however far it had come. */
static void test_write_errors(void **state)
{
	static char body[100000];
	struct mbox_msg msg;
	struct mbox_span span;
	struct world w;
	size_t i;
	int at;

	(void)state;
	memset(body, 'x', sizeof(body) - 2);
	body[sizeof(body) - 2] = '\n';
	msg = message(body);
	for (i = 0; i < NELEM(write_errors) * 4; i++) {
		at = (int)(i % 4) + 1;
		begin(&w, MBOX_FCNTL);
		close(create(&w, "box", "From a\n\nold\n\n"));
		assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
		sick.write_at = at;
		sick.why = write_errors[i / 4].why;
		sick.half = write_errors[i / 4].half;
		assert_int_equal(mbox_append(&w.m, &msg, 0, &span, &w.e),
		    write_errors[i / 4].st);
		assert_int_equal(sick.write_at, 0);
		assert_string_equal(w.e.dsn, write_errors[i / 4].dsn);
		assert_non_null(strstr(w.e.text, write_errors[i / 4].text));
		assert_non_null(strstr(w.e.text,
		    "/box: error writing "
		    "message: "));
		mbox_close(&w.m);
		has(&w, "box", "From a\n\nold\n\n");
		end(&w);
	}
}

static void test_short_spool(void **state)
{
	struct mbox_msg msg = message("Subject: x\n");
	struct mbox_span span;
	struct world w;

	(void)state;
	begin(&w, MBOX_FCNTL);
	msg.fd = create(&w, "spool", "Subject: x\n");
	msg.size = 100;
	assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
	assert_int_equal(mbox_append(&w.m, &msg, 0, &span, &w.e), ST_TEMP);
	assert_string_equal(w.e.dsn, "4.3.0");
	has(&w, "box", "");
	fd_clear(&msg.fd);
	end(&w);
}

static void test_sync_error(void **state)
{
	struct world w;

	(void)state;
	begin(&w, MBOX_FCNTL);
	assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
	sick.fsync_at = 1;
	sick.why = EIO;
	assert_int_equal(mbox_sync(&w.m, &w.e), ST_TEMP);
	assert_string_equal(w.e.dsn, "4.3.0");
	end(&w);
}

/* Exactly the limit is fine, headers and From_ line included. */
static void test_limit(void **state)
{
	size_t whole = strlen(FIRST) + strlen("x\n\n"), old = 6, limit;
	struct mbox_msg msg = message("x\n");
	struct mbox_span span;
	struct world w;

	(void)state;
	for (limit = 1; limit <= old + whole; limit++) {
		begin(&w, MBOX_FCNTL);
		close(create(&w, "box", "old\n\n\n"));
		clock_set_for_test(0, 978307200);
		assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
		assert_int_equal(mbox_append(&w.m, &msg, limit, &span, &w.e),
		    limit < old + whole ? ST_PERM : ST_OK);
		if (limit == old + whole) {
			assert_int_equal(span.start, old);
			assert_int_equal(span.end, old + whole);
		} else {
			assert_string_equal(w.e.dsn, "5.2.2");
			has(&w, "box", "old\n\n\n");
		}
		end(&w);
	}
}

static void test_undo(void **state)
{
	struct mbox_msg msg = message("x\n");
	struct mbox_span one, two;
	struct world w;

	(void)state;
	begin(&w, MBOX_FCNTL);
	clock_set_for_test(0, 978307200);
	assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
	assert_int_equal(mbox_append(&w.m, &msg, 0, &one, &w.e), ST_OK);
	assert_int_equal(mbox_append(&w.m, &msg, 0, &two, &w.e), ST_OK);
	/* something came behind it */
	mbox_undo(&w.m, &one);
	has(&w, "box", FIRST "x\n\n" FIRST "x\n\n");
	mbox_undo(&w.m, &two);
	has(&w, "box", FIRST "x\n\n");
	mbox_undo(&w.m, &one);
	has(&w, "box", "");
	/* never longer */
	mbox_cut(&w.m, 100);
	has(&w, "box", "");
	end(&w);
}

/* --- what is no mailbox -------------------------------------------------- */

static void make_link(const struct world *w)
{
	close(create(w, "other", ""));
	assert_int_equal(symlinkat("other", w->rules.base, "box"), 0);
}

static void make_hard_links(const struct world *w)
{
	close(create(w, "box", "x\n"));
	assert_int_equal(linkat(w->rules.base, "box", w->rules.base, "other",
			     0),
	    0);
}

static void make_dir(const struct world *w)
{
	assert_int_equal(mkdirat(w->rules.base, "box", 0700), 0);
}

static void make_fifo(const struct world *w)
{
	assert_int_equal(mkfifoat(w->rules.base, "box", 0600), 0);
}

static void make_nowhere(const struct world *w)
{
	assert_int_equal(symlinkat("none/x", w->rules.base, "box"), 0);
}

static const struct {
	void (*make)(const struct world *w);
	const char *dsn, *text;
} strange[] = {
	{ make_hard_links, "4.2.0", "file has 2 hard links" },
	{ make_dir, "4.2.0", "cannot open file: Is a directory" },
	{ make_fifo, "4.2.0", "cannot open file: No such device or address" },
};

static void test_strange_files(void **state)
{
	struct world w;
	char want[300];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(strange); i++) {
		begin(&w, MBOX_DOTLOCK | MBOX_FCNTL);
		strange[i].make(&w);
		assert_int_equal(mbox_open(&w.m, &w.e), ST_TEMP);
		assert_string_equal(w.e.dsn, strange[i].dsn);
		snprintf(want, sizeof(want),
		    "delivery failed to mailbox %s/box: %s", w.dir,
		    strange[i].text);
		assert_string_equal(w.e.text, want);
		assert_int_equal(w.m.fd, -1);
		assert_false(exists(&w, "box.lock"));
		end(&w);
	}
}

/* One with a reader can be opened, and is no mailbox for that. */
static void test_fifo_with_reader(void **state)
{
	struct world w;
	int fd;

	(void)state;
	begin(&w, MBOX_FCNTL);
	make_fifo(&w);
	fd = openat(w.rules.base, "box", O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(mbox_open(&w.m, &w.e), ST_TEMP);
	assert_string_equal(w.e.dsn, "4.3.5");
	close(fd);
	end(&w);
}

/* Only root's links, and only from root's directories. */
static void test_links(void **state)
{
	struct world w;
	bool root = geteuid() == 0;

	(void)state;
	begin(&w, MBOX_FCNTL);
	make_link(&w);
	assert_int_equal(mbox_open(&w.m, &w.e), root ? ST_OK : ST_TEMP);
	mbox_close(&w.m);
	assert_int_equal(chmod(w.dir, 0770), 0);
	assert_int_equal(mbox_open(&w.m, &w.e), ST_TEMP);
	assert_string_equal(w.e.dsn, "4.2.0");
	assert_non_null(strstr(w.e.text, "box: file is a symbolic link"));
	end(&w);
	if (!root)
		return;
	begin(&w, MBOX_FCNTL);
	make_nowhere(&w);
	assert_int_equal(mbox_open(&w.m, &w.e), ST_TEMP);
	assert_non_null(
	    strstr(w.e.text, "cannot create file exclusively: File exists"));
	end(&w);
}

static void test_owner(void **state)
{
	struct world w;

	(void)state;
	if (geteuid() != 0)
		skip();
	begin(&w, MBOX_DOTLOCK | MBOX_FCNTL);
	close(create(&w, "box", "x\n"));
	assert_int_equal(fchownat(w.rules.base, "box", 4321, 4321, 0), 0);
	assert_int_equal(mbox_open(&w.m, &w.e), ST_TEMP);
	assert_string_equal(w.e.dsn, "4.2.0");
	assert_non_null(strstr(w.e.text, "/box is not owned by recipient"));
	assert_false(exists(&w, "box.lock"));
	w.rules.strict_owner = false;
	assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
	end(&w);
}

static void test_no_directory(void **state)
{
	struct mbox m;
	struct world w;

	(void)state;
	begin(&w, MBOX_DOTLOCK);
	mbox_init(&m, &w.rules, STR("sub/box"));
	assert_int_equal(mbox_open(&m, &w.e), ST_TEMP);
	assert_string_equal(w.e.dsn, "4.2.0");
	assert_non_null(
	    strstr(w.e.text, "sub/box: unable to create lock file "));
	assert_non_null(
	    strstr(w.e.text, "sub/box.lock: No such file or directory"));
	w.rules.locks = 0;
	assert_int_equal(mbox_open(&m, &w.e), ST_TEMP);
	assert_non_null(strstr(w.e.text,
	    "cannot create file exclusively: No such file or directory"));
	assert_false(exists(&w, "sub"));
	mbox_clear(&m);
	end(&w);
}

/* --- locks --------------------------------------------------------------- */

static bool lock_by_fcntl(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

/* Somebody has one of them: busy until it goes, whichever it is. */
static void test_kernel_locks(void **state)
{
	static const unsigned kinds[] = { MBOX_FLOCK, MBOX_FCNTL };
	struct world w;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < NELEM(kinds); i++) {
		begin(&w, kinds[i] | MBOX_DOTLOCK);
		fd = create(&w, "box", "");
		assert_true(kinds[i] == MBOX_FLOCK ? flock(fd, LOCK_EX) == 0
						   : lock_by_fcntl(fd));
		assert_int_equal(mbox_open(&w.m, &w.e), ST_NONE);
		assert_int_equal(w.m.step, MBOX_AT_FILE);
		assert_string_equal(w.e.dsn, "4.2.0");
		assert_non_null(strstr(w.e.text,
		    "unable to lock for exclusive access: Resource "
		    "temporarily unavailable"));
		assert_true(exists(&w, "box.lock"));
		close(fd);
		assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
		assert_int_equal(w.m.step, MBOX_HELD);
		mbox_close(&w.m);
		assert_false(exists(&w, "box.lock"));
		end(&w);
	}
}

/* All that were asked for are there, and no others. */
static void test_what_is_held(void **state)
{
	struct world w;
	unsigned set;
	int fd;

	(void)state;
	for (set = 0; set < 8; set++) {
		begin(&w, set);
		fd = create(&w, "box", "");
		assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
		assert_true(
		    exists(&w, "box.lock") == ((set & MBOX_DOTLOCK) != 0));
		assert_true((flock(fd, LOCK_EX | LOCK_NB) != 0) ==
		    ((set & MBOX_FLOCK) != 0));
		assert_true(lock_by_fcntl(fd) == ((set & MBOX_FCNTL) == 0));
		close(fd);
		end(&w);
	}
}

static void test_dotlock(void **state)
{
	struct world w;
	struct stat sb;

	(void)state;
	begin(&w, MBOX_DOTLOCK);
	close(create(&w, "box.lock", ""));
	assert_int_equal(mbox_open(&w.m, &w.e), ST_NONE);
	assert_int_equal(w.m.step, MBOX_AT_DOTLOCK);
	assert_non_null(strstr(w.e.text, "/box: unable to create lock file "));
	assert_non_null(strstr(w.e.text, "/box.lock: File exists"));
	assert_false(exists(&w, "box"));
	/* it is not ours to remove */
	mbox_close(&w.m);
	assert_true(exists(&w, "box.lock"));
	/* a second too young, then too old */
	assert_int_equal(fstatat(w.rules.base, "box.lock", &sb, 0), 0);
	clock_set_for_test(0, sb.st_ctim.tv_sec + 500);
	assert_int_equal(mbox_open(&w.m, &w.e), ST_NONE);
	clock_set_for_test(0, sb.st_ctim.tv_sec + 501);
	assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
	clock_set_for_test(0, -1);
	assert_int_equal(fstatat(w.rules.base, "box.lock", &sb, 0), 0);
	assert_int_equal(sb.st_mode & 07777, 0);
	end(&w);
}

/* While we waited somebody put another file in its place. */
static void test_replaced(void **state)
{
	struct mbox_msg msg = message("x\n");
	struct world w;
	int fd;

	(void)state;
	begin(&w, MBOX_FCNTL);
	fd = create(&w, "box", "gone\n");
	assert_true(lock_by_fcntl(fd));
	assert_int_equal(mbox_open(&w.m, &w.e), ST_NONE);
	close(create(&w, "box.new", "new\n"));
	assert_int_equal(renameat(w.rules.base, "box.new", w.rules.base, "box"),
	    0);
	close(fd);
	assert_int_equal(mbox_open(&w.m, &w.e), ST_NONE);
	append_one(&w, &msg);
	has(&w, "box", "new\n" FIRST "x\n\n");
	end(&w);
}

/* Two names of one file are one lock. */
static void test_share(void **state)
{
	struct mbox other;
	struct world w;
	int fd;

	(void)state;
	begin(&w, MBOX_FLOCK | MBOX_FCNTL);
	mbox_init(&other, &w.rules, STR("./box"));
	assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
	assert_int_equal(mbox_open(&other, &w.e), ST_NONE);
	assert_true(mbox_share(&other, &w.m));
	assert_int_equal(mbox_open(&other, &w.e), ST_OK);
	/* the second goes on holding it */
	mbox_close(&w.m);
	fd = openat(w.rules.base, "box", O_WRONLY);
	assert_false(lock_by_fcntl(fd));
	assert_int_equal(mbox_open(&w.m, &w.e), ST_NONE);
	mbox_clear(&other);
	assert_int_equal(mbox_open(&w.m, &w.e), ST_OK);
	close(fd);
	end(&w);
}

static const struct {
	const char *list;
	bool ok;
	unsigned set;
	const char *bad;
} lists[] = {
	{ "fcntl, dotlock", true, MBOX_FCNTL | MBOX_DOTLOCK, "" },
	{ "flock dotlock", true, MBOX_FLOCK | MBOX_DOTLOCK, "" },
	{ "flock,,fcntl\n\tdotlock", true,
	    MBOX_FLOCK | MBOX_FCNTL | MBOX_DOTLOCK, "" },
	{ "fcntl,bogus", false, 0, "bogus" },
	{ "Fcntl", false, 0, "Fcntl" },
};

static void test_lists(void **state)
{
	struct str bad;
	unsigned set;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lists); i++) {
		assert_true(mbox_lock_parse(str_c(lists[i].list), &set, &bad) ==
		    lists[i].ok);
		if (lists[i].ok)
			assert_int_equal(set, lists[i].set);
		else
			assert_str(bad, lists[i].bad);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_null_sender),
		cmocka_unit_test(test_behind_others),
		cmocka_unit_test(test_new_file),
		cmocka_unit_test(test_write_errors),
		cmocka_unit_test(test_short_spool),
		cmocka_unit_test(test_sync_error),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_strange_files),
		cmocka_unit_test(test_fifo_with_reader),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_no_directory),
		cmocka_unit_test(test_kernel_locks),
		cmocka_unit_test(test_what_is_held),
		cmocka_unit_test(test_dotlock),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_lists),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
