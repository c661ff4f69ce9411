/* test_commit - the durable steps in a scratch store, and on a sick disk. */

#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "mail/mbox_lock.h"
#include "vdeliver/boxes.h"
#include "vdeliver/commit.h"
#include "vdeliver/job.h"

static struct {
	int calls;
	int fail_at;       /* the call that fails, from 1; 0: none */
	const char *watch; /* a path, NULL: none */
	int seen;          /* syncs of it */
} syncs;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	char link[32], path[200];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n > 0 && syncs.watch != NULL) {
		path[n] = '\0';
		syncs.seen += strcmp(path, syncs.watch) == 0;
	}
	if (++syncs.calls == syncs.fail_at) {
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

#define JOBS 20

struct world {
	char dir[64];
	int base;
	struct commit *commit;
	struct commit_start start;
	struct boxes_rules rules;
	struct boxes *boxes;
	struct list jobs;
	struct job job[JOBS];
	struct target target[JOBS][2];
};

static void begin(struct world *w)
{
	log_to_stderr(false);
	memset(w, 0, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "/tmp/test_commit.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->base = open(w->dir, O_RDONLY | O_DIRECTORY);
	assert_true(w->base >= 0);
	w->start = (struct commit_start){ .store = { w->base, w->dir, false,
					      false, false } };
	w->commit = commit_new(&w->start);
	w->rules = (struct boxes_rules){ { w->base, w->dir, MBOX_FCNTL, 500,
					     true, false, false },
		20, 1000 };
	w->boxes = boxes_new(&w->rules);
	list_init(&w->jobs);
	memset(&syncs, 0, sizeof(syncs));
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
	size_t i;

	commit_free(w->commit);
	boxes_free(w->boxes);
	for (i = 0; i < JOBS; i++)
		arena_clear(&w->job[i].arena);
	close(w->base);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Files in DIR/SUB; -1: no such directory. */
static int count(const struct world *w, const char *sub)
{
	char path[200];
	const struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", w->dir, sub);
	d = opendir(path);
	if (d == NULL)
		return -1;
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* Job i for one or two paths. */
static struct job *add(struct world *w, int i, enum job_phase phase,
    const char *first, const char *second)
{
	struct job *j = &w->job[i];
	struct target *t = w->target[i];

	j->phase = phase;
	j->sender = STR("s@remote.example");
	j->body = STR("Subject: x\n\nhello\n");
	j->size = j->body.n;
	j->fd = -1;
	j->targets = t;
	j->n = second != NULL ? 2 : 1;
	t[0].path = str_c(first);
	t[1].path = str_c(second);
	t[0].final = t[1].final = STR("a@example.com");
	t[0].orig = STR("b@example.com");
	t[1].orig = STR_NONE;
	list_add_tail(&w->jobs, &j->link);
	return j;
}

static void test_deliver(void **state)
{
	struct world w;
	struct job *j;
	struct stat sb;
	AUTO_BUF text = BUF_MAX(1000);
	char path[300];

	(void)state;
	begin(&w);
	j = add(&w, 0, JOB_DELIVER, "d/u/", NULL);
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_OK);
	assert_int_equal(count(&w, "d/u/new"), 1);
	assert_int_equal(count(&w, "d/u/tmp"), 0);
	assert_int_equal(count(&w, "d/u/cur"), 0);
	snprintf(path, sizeof(path), "%s/%s", w.dir, j->targets[0].msg.new);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 0600);
	assert_int_equal(io_read_file(path, &text, NULL), ST_OK);
	assert_str(buf_str(&text),
	    "Return-Path: <s@remote.example>\n"
	    "X-Original-To: b@example.com\nDelivered-To: a@example.com\n"
	    "Subject: x\n\nhello\n");
	end(&w);
}

/* The directories of a batch are synced once, not once a message. */
static void test_batch(void **state)
{
	struct world w;
	int i;

	(void)state;
	begin(&w);
	for (i = 0; i < JOBS; i++)
		add(&w, i, JOB_DELIVER, "u/", NULL);
	commit_batch(w.commit, &w.jobs);
	for (i = 0; i < JOBS; i++)
		assert_int_equal(w.target[i][0].st, ST_OK);
	assert_int_equal(count(&w, "u/new"), JOBS);
	/* the files, u/new, u and the base */
	assert_int_equal(syncs.calls, JOBS + 3);
	end(&w);
}

/* A known directory is synced again when it gets a new name, and only then. */
static void test_new_names(void **state)
{
	static const struct {
		const char *path;
		int of_domain; /* syncs of the directory "d" */
	} steps[] = {
		{ "d/one/", 1 },
		{ "d/one/", 0 },
		{ "d/two/", 1 },
		{ "d/two/", 0 },
		{ "d/deep/er/", 1 },
		{ "e/one/", 0 },
	};
	struct world w;
	char domain[100];
	int i;

	(void)state;
	begin(&w);
	snprintf(domain, sizeof(domain), "%s/d", w.dir);
	syncs.watch = domain;
	for (i = 0; i < (int)NELEM(steps); i++) {
		syncs.seen = 0;
		list_init(&w.jobs);
		add(&w, i, JOB_DELIVER, steps[i].path, NULL);
		commit_batch(w.commit, &w.jobs);
		assert_int_equal(w.target[i][0].st, ST_OK);
		assert_int_equal(syncs.seen, steps[i].of_domain);
	}
	end(&w);
}

/* What a failed sync of a directory left unsure is synced the next time. */
static void test_sync_again(void **state)
{
	struct world w;
	char domain[100];
	int at;

	(void)state;
	/* the file, two/new, two, d */
	for (at = 2; at <= 4; at++) {
		begin(&w);
		snprintf(domain, sizeof(domain), "%s/d", w.dir);
		add(&w, 0, JOB_DELIVER, "d/one/", NULL);
		commit_batch(w.commit, &w.jobs);
		syncs.calls = 0;
		syncs.fail_at = at;
		list_init(&w.jobs);
		add(&w, 1, JOB_DELIVER, "d/two/", NULL);
		commit_batch(w.commit, &w.jobs);
		syncs.fail_at = 0;
		syncs.watch = domain;
		list_init(&w.jobs);
		add(&w, 2, JOB_DELIVER, "d/two/", NULL);
		commit_batch(w.commit, &w.jobs);
		assert_int_equal(w.target[2][0].st, ST_OK);
		assert_int_equal(w.target[1][0].st, ST_TEMP);
		assert_int_equal(syncs.seen, 1);
		end(&w);
	}
}

/* Whichever sync fails: 4xx, nothing that was not answered stays in tmp/. */
static void test_sick_disk(void **state)
{
	struct world w;
	int at, i;

	(void)state;
	for (at = 1; at <= 5; at++) {
		begin(&w);
		for (i = 0; i < 2; i++)
			add(&w, i, JOB_DELIVER, "u/", NULL);
		syncs.fail_at = at;
		commit_batch(w.commit, &w.jobs);
		for (i = 0; i < 2; i++) {
			assert_int_equal(w.target[i][0].st, ST_TEMP);
			assert_int_equal(w.target[i][0].err.dsn[0], '4');
		}
		assert_int_equal(count(&w, "u/tmp"), 0);
		if (at <= 2)
			assert_true(count(&w, "u/new") <= 0);
		end(&w);
	}
}

static void test_two_phases(void **state)
{
	struct world w;
	struct job *j;

	(void)state;
	begin(&w);
	j = add(&w, 0, JOB_PREPARE, "a/", "b/");
	j->targets[1].group = 1;
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_OK);
	assert_int_equal(count(&w, "a/tmp"), 1);
	assert_int_equal(count(&w, "b/tmp"), 1);
	assert_int_equal(count(&w, "a/new"), -1);
	/* the verdict: the first alone */
	j->phase = JOB_COMMIT;
	j->targets[0].chosen = true;
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(count(&w, "a/new"), 1);
	assert_int_equal(count(&w, "a/tmp"), 0);
	assert_int_equal(count(&w, "b/tmp"), 0);
	assert_int_equal(count(&w, "b/new"), -1);
	end(&w);
}

static void test_abort(void **state)
{
	struct world w;
	struct job *j;

	(void)state;
	begin(&w);
	j = add(&w, 0, JOB_PREPARE, "a/", "b/");
	commit_batch(w.commit, &w.jobs);
	j->phase = JOB_ABORT;
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(count(&w, "a/tmp"), 0);
	assert_int_equal(count(&w, "a/new"), -1);
	end(&w);
}

static const struct {
	const char *path;
	enum st st;
	const char *dsn;
} refusals[] = {
	{ "../x/", ST_TEMP, "4.2.0" },
	{ "a/../../x/", ST_TEMP, "4.2.0" },
	{ "a/..", ST_TEMP, "4.2.0" },
	{ "/etc/", ST_TEMP, "4.2.0" },
	{ "a\nb/", ST_TEMP, "4.2.0" },
	{ "", ST_TEMP, "4.2.0" },
};

/* A target of the same group goes down with a refused one. */
static void test_refused_paths(void **state)
{
	struct world w;
	struct job *j;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(refusals); i++) {
		begin(&w);
		j = add(&w, 0, JOB_DELIVER, "good/", refusals[i].path);
		commit_batch(w.commit, &w.jobs);
		assert_int_equal(j->targets[1].st, refusals[i].st);
		assert_string_equal(j->targets[1].err.dsn, refusals[i].dsn);
		assert_int_equal(j->targets[0].st, refusals[i].st);
		assert_int_equal(count(&w, "good/tmp"), 0);
		assert_true(count(&w, "good/new") <= 0);
		end(&w);
	}
}

static void test_limit(void **state)
{
	struct world w;
	struct job *j;

	(void)state;
	begin(&w);
	j = add(&w, 0, JOB_DELIVER, "u/", NULL);
	j->limit = 50;
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_PERM);
	assert_string_equal(j->targets[0].err.dsn, "5.2.2");
	assert_int_equal(count(&w, "u/tmp"), 0);
	end(&w);
}

static void test_no_base(void **state)
{
	struct world w;
	struct job *j;

	(void)state;
	begin(&w);
	commit_free(w.commit);
	w.start.store =
	    (struct maildir_store){ -1, "/no/such/store", false, false, false };
	w.start.base_error = ENOENT;
	w.commit = commit_new(&w.start);
	j = add(&w, 0, JOB_DELIVER, "u/", NULL);
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_TEMP);
	assert_string_equal(j->targets[0].err.dsn, "4.2.0");
	assert_non_null(strstr(j->targets[0].err.text, "/no/such/store"));
	end(&w);
}

/* --- mbox ---------------------------------------------------------------- */

/* What the worker does before it hands a job on. */
static void lock(struct world *w, struct job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++) {
		if (!target_is_mbox(j->targets[i].path))
			continue;
		j->targets[i].box = boxes_get(w->boxes, j->targets[i].path,
		    &j->targets[i].claim);
		assert_int_equal(j->targets[i].box->st, ST_OK);
		boxes_use(j->targets[i].box);
	}
}

static void unlock(struct job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++) {
		if (j->targets[i].box == NULL)
			continue;
		boxes_unuse(j->targets[i].box);
		boxes_put(j->targets[i].box);
		j->targets[i].box = NULL;
	}
}

/* Messages in an mbox, each whole; -1: something else is there. */
static int messages(const struct world *w, const char *name)
{
	AUTO_BUF text = BUF_MAX(100000);
	struct str rest, line;
	char path[200];
	int n = 0, ends = 0;

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	assert_int_equal(io_read_file(path, &text, NULL), ST_OK);
	rest = buf_str(&text);
	while (str_cut(&rest, '\n', &line)) {
		n += str_starts(line, STR("From s@remote.example  "));
		ends += str_eqc(line, "hello");
	}
	return rest.n == 0 && n == ends ? n : -1;
}

static void test_mbox_deliver(void **state)
{
	AUTO_BUF text = BUF_MAX(1000);
	struct world w;
	struct job *j;
	struct str rest, first;
	char path[100];

	(void)state;
	begin(&w);
	j = add(&w, 0, JOB_DELIVER, "box", NULL);
	lock(&w, j);
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_OK);
	unlock(j);
	snprintf(path, sizeof(path), "%s/box", w.dir);
	assert_int_equal(io_read_file(path, &text, NULL), ST_OK);
	rest = buf_str(&text);
	assert_true(str_cut(&rest, '\n', &first));
	assert_true(str_starts(first, STR("From s@remote.example  ")));
	assert_str(rest,
	    "Return-Path: <s@remote.example>\n"
	    "X-Original-To: b@example.com\nDelivered-To: a@example.com\n"
	    "Subject: x\n\nhello\n\n");
	end(&w);
}

/* One sync for the file, whatever comes together; its directory once at all. */
static void test_mbox_batch(void **state)
{
	struct world w;
	int i, round;

	(void)state;
	begin(&w);
	for (round = 0; round < 2; round++) {
		list_init(&w.jobs);
		syncs.calls = 0;
		for (i = 0; i < JOBS; i++)
			lock(&w, add(&w, i, JOB_DELIVER, "box", NULL));
		commit_batch(w.commit, &w.jobs);
		for (i = 0; i < JOBS; i++) {
			assert_int_equal(w.target[i][0].st, ST_OK);
			unlock(&w.job[i]);
		}
		assert_int_equal(messages(&w, "box"), JOBS * (round + 1));
		assert_int_equal(syncs.calls, round == 0 ? 2 : 1);
	}
	end(&w);
}

/* A second copy that is too much takes the first one along, and the Maildir. */
static void test_mbox_all_or_nothing(void **state)
{
	struct world w;
	struct job *j;

	(void)state;
	begin(&w);
	j = add(&w, 0, JOB_DELIVER, "box", "box");
	j->limit = 250; /* one fits */
	lock(&w, j);
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_PERM);
	assert_int_equal(j->targets[1].st, ST_PERM);
	assert_string_equal(j->targets[1].err.dsn, "5.2.2");
	unlock(j);
	assert_int_equal(messages(&w, "box"), 0);

	list_init(&w.jobs);
	j = add(&w, 1, JOB_DELIVER, "u/", "box");
	j->limit = 170;
	lock(&w, j);
	j->targets[0].orig = STR_NONE;
	j->targets[1].orig = STR("one.that.makes.it.long@example.com");
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[1].st, ST_PERM);
	assert_int_equal(j->targets[0].st, ST_PERM);
	assert_int_equal(count(&w, "u/tmp"), 0);
	assert_true(count(&w, "u/new") <= 0);
	unlock(j);
	end(&w);
}

/* The Maildir cannot be published: the copy in the mbox is taken back. */
static void test_mbox_undone(void **state)
{
	struct world w;
	struct job *j;
	char path[100];

	(void)state;
	begin(&w);
	snprintf(path, sizeof(path), "%s/u", w.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/u/new", w.dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	j = add(&w, 0, JOB_DELIVER, "box", "u/");
	lock(&w, j);
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_TEMP);
	assert_int_equal(j->targets[1].st, ST_TEMP);
	unlock(j);
	assert_int_equal(messages(&w, "box"), 0);
	assert_int_equal(count(&w, "u/tmp"), 0);
	end(&w);
}

/* In a group of its own a target stays when another one fails. */
static void test_mbox_groups(void **state)
{
	struct world w;
	struct job *j;

	(void)state;
	begin(&w);
	j = add(&w, 0, JOB_DELIVER, "box", "box");
	j->targets[1].group = 1;
	j->limit = 250;
	lock(&w, j);
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_OK);
	assert_int_equal(j->targets[1].st, ST_PERM);
	unlock(j);
	assert_int_equal(messages(&w, "box"), 1);
	end(&w);
}

/* Whichever sync fails, of the file, of its directory: nothing is answered, and
 * the files are what they were. */
static void test_mbox_sick_disk(void **state)
{
	struct world w;
	int at, i;

	(void)state;
	for (at = 1; at <= 4; at++) {
		begin(&w);
		lock(&w, add(&w, 0, JOB_DELIVER, "a", NULL));
		commit_batch(w.commit, &w.jobs);
		unlock(&w.job[0]);
		list_init(&w.jobs);
		for (i = 1; i < 4; i++)
			lock(&w,
			    add(&w, i, JOB_DELIVER, "a", i == 2 ? "b" : NULL));
		syncs.calls = 0;
		syncs.fail_at = at;
		commit_batch(w.commit, &w.jobs);
		for (i = 1; i < 4; i++) {
			/* a, b, the base for b: three in all */
			assert_int_equal(w.target[i][0].st,
			    at <= 3 ? ST_TEMP : ST_OK);
			unlock(&w.job[i]);
		}
		assert_int_equal(messages(&w, "a"), at <= 3 ? 1 : 4);
		assert_int_equal(messages(&w, "b"), at <= 3 ? 0 : 1);
		end(&w);
	}
}

static void test_mbox_phases(void **state)
{
	struct world w;
	struct job *j;

	(void)state;
	begin(&w);
	j = add(&w, 0, JOB_PREPARE, "box", "u/");
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_OK);
	assert_int_equal(count(&w, ""), 1);
	j->phase = JOB_LOCK;
	lock(&w, j);
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_OK);
	assert_int_equal(count(&w, "u/tmp"), 1);
	assert_int_equal(messages(&w, "box"), 0);
	j->phase = JOB_COMMIT;
	j->targets[0].chosen = j->targets[1].chosen = true;
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(messages(&w, "box"), 1);
	assert_int_equal(count(&w, "u/new"), 1);
	unlock(j);

	list_init(&w.jobs);
	j = add(&w, 1, JOB_LOCK, "box", NULL);
	lock(&w, j);
	j->phase = JOB_ABORT;
	commit_batch(w.commit, &w.jobs);
	unlock(j);
	assert_int_equal(messages(&w, "box"), 1);
	end(&w);
}

/* A lock that was not got fails its group before anything is staged. */
static void test_mbox_not_locked(void **state)
{
	struct world w;
	struct job *j;

	(void)state;
	begin(&w);
	j = add(&w, 0, JOB_DELIVER, "u/", "box");
	j->targets[1].st = err_temp(&j->targets[1].err, "4.2.0", "busy");
	commit_batch(w.commit, &w.jobs);
	assert_int_equal(j->targets[0].st, ST_TEMP);
	assert_string_equal(j->targets[0].err.text, "busy");
	assert_int_equal(count(&w, "u"), -1);
	end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deliver),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_new_names),
		cmocka_unit_test(test_sync_again),
		cmocka_unit_test(test_sick_disk),
		cmocka_unit_test(test_two_phases),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_refused_paths),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_no_base),
		cmocka_unit_test(test_mbox_deliver),
		cmocka_unit_test(test_mbox_batch),
		cmocka_unit_test(test_mbox_all_or_nothing),
		cmocka_unit_test(test_mbox_undone),
		cmocka_unit_test(test_mbox_groups),
		cmocka_unit_test(test_mbox_sick_disk),
		cmocka_unit_test(test_mbox_phases),
		cmocka_unit_test(test_mbox_not_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
