/* test_boxes - who shares a lock, who waits for it, and for how long. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "mail/mbox_lock.h"
#include "vdeliver/boxes.h"

struct world {
	char dir[64];
	struct boxes_rules rules;
	struct boxes *boxes;
};

static void begin(struct world *w, unsigned locks)
{
	log_to_stderr(false);
	memset(w, 0, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "/tmp/test_boxes.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->rules.mbox =
	    (struct mbox_rules){ open(w->dir, O_RDONLY | O_DIRECTORY), w->dir,
		    locks, 500, true, false, false };
	w->rules.attempts = 3;
	w->rules.delay_ms = 1000;
	w->boxes = boxes_new(&w->rules);
	clock_set_for_test(1000, 1700000000);
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
	boxes_free(w->boxes);
	close(w->rules.mbox.base);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void at(struct world *w, int64_t ms)
{
	clock_set_for_test(ms, 1700000000);
	boxes_poll(w->boxes);
}

static int locked_by_others(const struct world *w)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(w->rules.mbox.base, "box", O_RDWR | O_CREAT, 0600);

	assert_int_equal(fcntl(fd, F_OFD_SETLK, &l), 0);
	return fd;
}

static bool can_lock(const struct world *w)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(w->rules.mbox.base, "box", O_RDWR);
	bool ok = fcntl(fd, F_OFD_SETLK, &l) == 0;

	close(fd);
	return ok;
}

static void test_shared(void **state)
{
	struct world w;
	struct box_claim c;
	struct box *a, *b;

	(void)state;
	begin(&w, MBOX_DOTLOCK | MBOX_FCNTL);
	a = boxes_get(w.boxes, STR("box"), &c);
	b = boxes_get(w.boxes, STR(".//box"), &c);
	assert_ptr_equal(a, b);
	assert_int_equal(a->st, ST_OK);
	assert_true(boxes_next(w.boxes) == CLOCK_NEVER);
	boxes_put(a);
	assert_false(can_lock(&w));
	boxes_put(b);
	assert_true(can_lock(&w));
	end(&w);
}

/* As many attempts as were asked for, also for those who come late. */
static void test_attempts(void **state)
{
	struct world w;
	struct box_claim c, late;
	struct box *a, *b;
	int fd;

	(void)state;
	begin(&w, MBOX_FCNTL);
	fd = locked_by_others(&w);
	a = boxes_get(w.boxes, STR("box"), &c);
	assert_int_equal(boxes_state(w.boxes, a, &c), ST_NONE);
	assert_int_equal(boxes_next(w.boxes), 2000);
	at(&w, 1999);
	assert_int_equal(a->tries, 1);
	at(&w, 2000);
	assert_int_equal(boxes_state(w.boxes, a, &c), ST_NONE);
	b = boxes_get(w.boxes, STR("box"), &late);
	assert_ptr_equal(a, b);
	at(&w, 3000);
	assert_int_equal(boxes_state(w.boxes, a, &c), ST_TEMP);
	assert_string_equal(a->err.dsn, "4.2.0");
	assert_int_equal(boxes_state(w.boxes, b, &late), ST_NONE);
	boxes_put(a);
	close(fd);
	at(&w, 4000);
	assert_int_equal(boxes_state(w.boxes, b, &late), ST_OK);
	boxes_put(b);
	end(&w);
}

/* Each kind of lock has its own attempts. */
static void test_steps(void **state)
{
	struct world w;
	struct box_claim c;
	struct box *a;
	int fd, i;

	(void)state;
	begin(&w, MBOX_FCNTL | MBOX_DOTLOCK);
	fd = locked_by_others(&w);
	close(openat(w.rules.mbox.base, "box.lock", O_CREAT | O_WRONLY, 0600));
	a = boxes_get(w.boxes, STR("box"), &c);
	at(&w, 2000);
	assert_int_equal(boxes_state(w.boxes, a, &c), ST_NONE);
	unlinkat(w.rules.mbox.base, "box.lock", 0);
	for (i = 3; i < 5; i++) {
		at(&w, i * 1000);
		assert_int_equal(boxes_state(w.boxes, a, &c), ST_NONE);
	}
	at(&w, 5000);
	assert_int_equal(boxes_state(w.boxes, a, &c), ST_TEMP);
	boxes_put(a);
	close(fd);
	end(&w);
}

/* What one job holds while it waits for another box is let go. */
static void test_rest(void **state)
{
	struct world w;
	struct box_claim c;
	struct box *a;

	(void)state;
	begin(&w, MBOX_FCNTL);
	a = boxes_get(w.boxes, STR("box"), &c);
	assert_int_equal(a->st, ST_OK);
	boxes_rest(w.boxes);
	assert_int_equal(a->st, ST_NONE);
	assert_true(can_lock(&w));
	at(&w, 2000);
	assert_int_equal(a->st, ST_OK);
	boxes_use(a);
	boxes_rest(w.boxes);
	assert_int_equal(a->st, ST_OK);
	boxes_unuse(a);
	boxes_put(a);
	end(&w);
}

/* Others get their turn also when mail for a box never ends. */
static void test_long_held(void **state)
{
	struct world w;
	struct box_claim c;
	struct box *a, *b;

	(void)state;
	begin(&w, MBOX_FCNTL);
	a = boxes_get(w.boxes, STR("box"), &c);
	boxes_use(a);
	clock_set_for_test(12000, 1700000000);
	b = boxes_get(w.boxes, STR("box"), &c);
	assert_ptr_not_equal(a, b);
	assert_int_equal(b->st, ST_NONE);
	boxes_unuse(a);
	boxes_put(a);
	assert_true(can_lock(&w));
	at(&w, 13000);
	assert_int_equal(b->st, ST_OK);
	boxes_put(b);
	end(&w);
}

/* A link of root's to a box that we hold: the lock is ours already. */
static void test_two_names(void **state)
{
	struct world w;
	struct box_claim c;
	struct box *a, *b;

	(void)state;
	if (geteuid() != 0)
		skip();
	begin(&w, MBOX_FCNTL | MBOX_FLOCK);
	a = boxes_get(w.boxes, STR("box"), &c);
	assert_int_equal(symlinkat("box", w.rules.mbox.base, "link"), 0);
	b = boxes_get(w.boxes, STR("link"), &c);
	assert_int_equal(b->st, ST_OK);
	boxes_put(a);
	boxes_put(b);
	end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_long_held),
		cmocka_unit_test(test_two_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
