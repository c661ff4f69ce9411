/* test_disk - which order of syncs is right where; when syncfs is chosen; many
 * hands. */

#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "vdeliver/choice.h"
#include "vdeliver/disk.h"
#include "vdeliver/team.h"

#define EXT4    "ro\nbarrier\ndata=ordered\n"
#define LINE(x) "136 26 7:0 / /srv/mail rw,relatime shared:1 - " x

/* features, journal inode, magic */
static void make_super(char *p, unsigned features, unsigned journal)
{
	memset(p, 0, 1024);
	p[0x38] = 0x53;
	p[0x39] = (char)0xef;
	p[0x5c] = (char)features;
	p[0x5d] = (char)(features >> 8);
	p[0xe0] = (char)journal;
}

static const struct {
	const char *line, *options;
	unsigned features, journal;
	enum disk_order order;
	bool logs;
} cases[] = {
	{ LINE("ext4 /dev/loop0 rw"), EXT4, 0x4, 8, DISK_LOG, true },
	/* no journal; on another device; fast_commit */
	{ LINE("ext4 /dev/loop0 rw"), "rw\nbarrier\n", 0, 0, DISK_FILES,
	    false },
	{ LINE("ext4 /dev/loop0 rw"), EXT4, 0x4, 0, DISK_FILES, true },
	{ LINE("ext4 /dev/loop0 rw"), EXT4, 0x404, 8, DISK_FILES, true },
	{ LINE("ext4 /dev/loop0 rw"), "nobarrier\ndata=ordered\n", 0x4, 8,
	    DISK_FILES, true },
	{ LINE("ext4 /dev/loop0 rw"), "barrier\ndata=writeback\n", 0x4, 8,
	    DISK_FILES, true },
	/* nothing could be read */
	{ LINE("ext4 /dev/loop0 rw"), "", 0x4, 8, DISK_FILES, false },
	{ LINE("xfs /dev/sda1 rw,attr2,noquota"), "", 0, 0, DISK_LOG, true },
	{ LINE("xfs /dev/sda1 rw,rtdev=/dev/sdb,noquota"), "", 0, 0, DISK_FILES,
	    true },
	{ LINE("xfs /dev/sda1 rw,logdev=/dev/sdb"), "", 0, 0, DISK_FILES,
	    true },
	{ LINE("xfs /dev/sda1"), "", 0, 0, DISK_FILES, false },
	{ LINE("btrfs /dev/sda1 rw,space_cache=v2"), "", 0, 0, DISK_FILES,
	    true },
	{ LINE("overlay overlay rw,lowerdir=/a"), "", 0, 0, DISK_FILES, false },
	{ LINE("tmpfs tmpfs rw"), "", 0, 0, DISK_FILES, false },
	{ LINE("nfs4 h:/x rw"), "", 0, 0, DISK_FILES, false },
	{ "", "", 0, 0, DISK_FILES, false },
};

static void test_orders(void **state)
{
	char super[1024];
	struct disk d;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		memset(&d, 0, sizeof(d));
		make_super(super, cases[i].features, cases[i].journal);
		disk_judge_text(&d, str_c(cases[i].line),
		    str_c(cases[i].options),
		    (struct str){ super, sizeof(super) });
		if (d.order != cases[i].order || d.logs != cases[i].logs)
			fail_msg("%s %s: %d %d", cases[i].line,
			    cases[i].options, d.order, d.logs);
		assert_true(d.why[0] != '\0');
	}
	/* Without a superblock nothing is believed. */
	disk_judge_text(&d, str_c(cases[0].line), STR(EXT4), STR_NONE);
	assert_int_equal(d.order, DISK_FILES);
	disk_judge(&d, -1);
	assert_int_equal(d.order, DISK_FILES);
	assert_false(d.syncfs);
}

/* 200 messages by the way that is chosen, each taking so long. */
static void window(struct choice *c, int64_t *now, const int64_t ms[2])
{
	*now += 200 * ms[choice_of(c, 10)];
	choice_done(c, 200, 10, *now);
}

static void test_choice(void **state)
{
	static const int64_t slow[2] = { 1, 9 }, fast[2] = { 5, 1 };
	enum choice_rule rule;
	struct choice c;
	int64_t now = 1000;
	int i, n = 0;
	struct err e;

	(void)state;
	choice_init(&c, CHOICE_AUTO);
	choice_done(&c, 1, 10, now);
	assert_false(choice_of(&c, 10));
	for (i = 0; i < 1000; i++) {
		window(&c, &now, slow);
		n += choice_of(&c, 10);
	}
	/* Tried, and seldomer each time. */
	assert_true(n >= 2 && n <= 8);
	for (i = 0; i < 3000; i++)
		window(&c, &now, fast);
	for (i = n = 0; i < 1000; i++) {
		window(&c, &now, fast);
		n += choice_of(&c, 10);
	}
	assert_true(n > 980);
	/* Few messages are synced by themselves. */
	assert_false(choice_of(&c, 2));
	/* Others begin to write: it is left within two windows. */
	window(&c, &now, slow);
	window(&c, &now, slow);
	for (i = n = 0; i < 20; i++) {
		window(&c, &now, slow);
		n += choice_of(&c, 10);
	}
	assert_true(n <= 3);

	assert_int_equal(choice_parse("syncfs", &rule, &e), ST_OK);
	choice_init(&c, rule);
	assert_true(choice_of(&c, 1));
	assert_int_equal(choice_parse("fsync", &rule, &e), ST_OK);
	choice_init(&c, rule);
	assert_false(choice_of(&c, 100));
	assert_int_equal(choice_parse("sync", &rule, &e), ST_TEMP);
}

#define PARTS 200
#define TASKS 100

static struct crowd {
	atomic_int parts[PARTS];
	struct team *team;
	struct list task[TASKS];
	atomic_int done;
} crowd;

static void part(void *arg, size_t i)
{
	struct crowd *c = arg;

	c->parts[i]++;
}

static void run(void *arg, struct list *tasks)
{
	struct crowd *c = arg;

	/* Threads of the team may ask for hands themselves. */
	team_each(c->team, PARTS, part, c);
	while (list_pop(tasks) != NULL)
		c->done++;
}

static void test_team(void **state)
{
	static const struct team_rules rules[] = { { 4, 1, run, &crowd },
		{ 3, 100, run, &crowd } };
	struct list rest = LIST_INIT(rest);
	size_t r, i;

	(void)state;
	for (r = 0; r < NELEM(rules); r++) {
		crowd.team = team_new(&rules[r]);
		crowd.done = 0;
		for (i = 0; i < PARTS; i++)
			crowd.parts[i] = 0;
		team_each(crowd.team, PARTS, part, &crowd);
		for (i = 0; i < PARTS; i++)
			assert_int_equal(crowd.parts[i], 1);
		for (i = 0; i < TASKS; i++)
			team_add(crowd.team, &crowd.task[i]);
		team_stop(crowd.team, &rest);
		for (i = 0; list_pop(&rest) != NULL; i++)
			;
		assert_int_equal(crowd.done + i, TASKS);
	}
	/* Nobody to help. */
	team_each(NULL, PARTS, part, &crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_team),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
