/* told - the lines that a poll writes to its parent. Runs in: poll child. */

#include "fetcher/told.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "fetcher/journal.h"
#include "fetcher/kept.h"
#include "fetcher/report.h"

/* The lines of one account, at most. */
#define IDS_MAX ((size_t)64 << 20)
#define KEY_MAX 4096
#define REFUSED "refused:"

/* Its key in a line must not end that line. */
static const char *key_of(struct poll *q, uint64_t n, struct buf *room)
{
	const char *key = q->p->ops->key(q->p, n, room);

	return key != NULL && !room->full ? key : NULL;
}

/* As the id file knows it. */
static const char *uid_of(const char *key)
{
	return strchr(key, ':') + 1;
}

static void say(const struct poll *q, const struct buf *lines)
{
	if (!io_write_full(q->how->ids_out, buf_c(lines), lines->n))
		report_error("the parent does not listen: %m");
}

static bool is_remembered(const struct poll *q)
{
	return q->how->kept != NULL &&
	    (opt_keep_days(&q->a->o) != 0 || opt_num(&q->a->o, OPT_TRACK) != 0);
}

void told_forgotten(struct poll *q, uint64_t n)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);
	AUTO_BUF line = BUF_MAX(2 * KEY_MAX);

	if (key_of(q, n, &key) == NULL)
		return;
	buf_addf(&line, "F%s\n", buf_c(&key));
	say(q, &line);
}

bool told_before(struct poll *q, uint64_t n)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);

	return key_of(q, n, &key) != NULL &&
	    uidl_seen(q->how->delivered, q->a->user, q->a->host, buf_str(&key));
}

/* The same file remembers refusals, under names that no message has. */
static bool refusal_key(struct poll *q, uint64_t n, int code, struct buf *out)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);

	if (key_of(q, n, &key) == NULL)
		return false;
	buf_setf(out, REFUSED "%s:%d", buf_c(&key), code);
	return true;
}

/* In the journal before the server hears of it; a crash must not forget it. */
static void remember(const struct poll *q, char kind, const char *key)
{
	struct err e;

	if (q->how->journal != NULL &&
	    journal_add(q->how->journal, kind, q->a->user, q->a->host,
		str_c(key), &e) != ST_OK)
		report_error("%s; after a crash it may be delivered again",
		    e.text);
}

void told_refused(struct poll *q, uint64_t n, int code)
{
	AUTO_BUF name = BUF_MAX(KEY_MAX + 50);
	AUTO_BUF line = BUF_MAX(2 * KEY_MAX);

	if (!refusal_key(q, n, code, &name))
		return;
	remember(q, 'D', buf_c(&name));
	buf_addf(&line, "D%s\n", buf_c(&name));
	say(q, &line);
}

bool told_refused_before(struct poll *q, uint64_t n, int code)
{
	AUTO_BUF name = BUF_MAX(KEY_MAX + 50);

	return refusal_key(q, n, code, &name) &&
	    uidl_seen(q->how->delivered, q->a->user, q->a->host,
		buf_str(&name));
}

/* Those of messages that are still there. */
static void keep_refusals(struct poll *q, const char *prefix)
{
	AUTO_BUF name = BUF_MAX(KEY_MAX + 50);
	AUTO_BUF out = BUF_MAX(IDS_MAX);
	uint64_t n;
	int code;

	buf_setf(&name, REFUSED "%s", prefix);
	if (!uidl_any(q->how->delivered, q->a->user, q->a->host,
		buf_str(&name)))
		return;
	buf_addf(&out, "X%s\n", buf_c(&name));
	for (n = 1; n <= q->box.count; n++)
		for (code = 400; code < 600; code++)
			if (told_refused_before(q, n, code) &&
			    refusal_key(q, n, code, &name))
				buf_addf(&out, "D%s\n", buf_c(&name));
	say(q, &out);
}

void told_owed(struct poll *q)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);
	AUTO_BUF out = BUF_MAX(IDS_MAX);
	uint64_t n;

	q->p->ops->prefix(q->p, &key);
	if (!q->box.complete)
		return;
	keep_refusals(q, buf_c(&key));
	if (!uidl_any(q->how->delivered, q->a->user, q->a->host, buf_str(&key)))
		return;
	buf_addf(&out, "X%s\n", buf_c(&key));
	for (n = 1; n <= q->box.count; n++)
		if (told_before(q, n))
			buf_addf(&out, "D%s\n", key_of(q, n, &key));
	say(q, &out);
}

static const char *broken_key(struct poll *q, uint64_t n, struct buf *room)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);

	if (q->how->kept == NULL || key_of(q, n, &key) == NULL)
		return NULL;
	buf_setf(room, "broken:%s", buf_c(&key));
	return room->full ? NULL : buf_c(room);
}

void told_broken(struct poll *q, uint64_t n)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);
	AUTO_BUF line = BUF_MAX(2 * KEY_MAX);

	if (broken_key(q, n, &key) == NULL)
		return;
	buf_addf(&line, "B%s\n", buf_c(&key));
	say(q, &line);
}

int64_t told_broken_before(struct poll *q, uint64_t n)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);

	if (broken_key(q, n, &key) == NULL)
		return 0;
	return kept_time(q->how->kept, q->a->user, q->a->host, buf_str(&key));
}

/* It came after all. */
static void add_mended(struct poll *q, uint64_t n, struct buf *lines)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);

	if (told_broken_before(q, n) != 0)
		buf_addf(lines, "G%s\n", broken_key(q, n, &key));
}

void told_delivered(struct poll *q, uint64_t n)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);
	AUTO_BUF lines = BUF_MAX(4 * KEY_MAX);
	bool stays = opt_flag(&q->a->o, OPT_KEEP);

	if (key_of(q, n, &key) == NULL)
		return;
	if (q->p->ops->seen_by_key) {
		remember(q, 'A', uid_of(buf_c(&key)));
		buf_addf(&lines, "A%s\n", uid_of(buf_c(&key)));
	}
	if ((!q->p->ops->seen_by_key && opt_num(&q->a->o, OPT_TRACK) == 0) ||
	    !stays) {
		remember(q, 'D', buf_c(&key));
		buf_addf(&lines, "D%s\n", buf_c(&key));
	}
	add_mended(q, n, &lines);
	if (is_remembered(q) && stays)
		buf_addf(&lines, "K%s\n", buf_c(&key));
	say(q, &lines);
}

/* One message; whether it is known from now on. */
static bool settle_kept(struct poll *q, uint64_t n, struct str key)
{
	int64_t at = kept_time(q->how->kept, q->a->user, q->a->host, key);
	int64_t days = opt_keep_days(&q->a->o);
	char *state = &q->box.state[n];

	if (opt_num(&q->a->o, OPT_TRACK) != 0)
		*state = at != 0 ? MSG_OLD : *state;
	if (*state == MSG_OLD && days != 0 && at != 0 && !q->box.read_only &&
	    at + days * 86400 <= (int64_t)clock_seconds())
		*state = MSG_EXPIRED;
	/* What the id file has we have fetched, some time. */
	return at != 0 ||
	    (*state == MSG_OLD && days != 0 && q->p->ops->seen_by_key);
}

static void renew_broken(struct poll *q)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);
	AUTO_BUF out = BUF_MAX(IDS_MAX);
	bool any = false;
	uint64_t n;

	q->p->ops->prefix(q->p, &key);
	buf_addf(&out, "Zbroken:%s\n", buf_c(&key));
	for (n = 1; n <= q->box.count; n++)
		if (told_broken_before(q, n) != 0) {
			buf_addf(&out, "K%s\n", broken_key(q, n, &key));
			any = true;
		}
	if (any && q->box.complete)
		say(q, &out);
}

/* Those that the server does not have any more are forgotten. */
void told_kept(struct poll *q)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);
	AUTO_BUF out = BUF_MAX(IDS_MAX);
	uint64_t n;

	renew_broken(q);
	if (!is_remembered(q))
		return;
	q->p->ops->prefix(q->p, &key);
	buf_addf(&out, "Z%s\n", buf_c(&key));
	for (n = 1; n <= q->box.count; n++)
		if (key_of(q, n, &key) != NULL &&
		    settle_kept(q, n, buf_str(&key)))
			buf_addf(&out, "K%s\n", buf_c(&key));
	if (q->box.complete)
		say(q, &out);
}

/*
 * What was deleted is gone after QUIT; without one it is there again, and must
 * not be delivered twice. What was known before stays so until the server does
 * not list it any more, as with fetchmail.
 */
static bool counts_as_seen(const struct poll *q, uint64_t n)
{
	switch ((enum msg_state)q->box.state[n]) {
	case MSG_OLD:
	case MSG_OWED:
	case MSG_DELIVERED:
	case MSG_OLD_TAKEN:
	case MSG_OLD_GONE:
	case MSG_EXPIRED:
		return true;
	case MSG_DELETED:
		return !q->quit_done;
	case MSG_NEW:
		break;
	}
	return false;
}

static bool is_gone(const struct poll *q, uint64_t n)
{
	return q->quit_done &&
	    (q->box.state[n] == MSG_DELETED || q->box.state[n] == MSG_OLD_GONE);
}

void told_ids(struct poll *q)
{
	AUTO_BUF key = BUF_MAX(KEY_MAX);
	AUTO_BUF out = BUF_MAX(IDS_MAX);
	const char *uid;
	uint64_t n;

	if (!q->p->ops->seen_by_key || q->box.state == NULL)
		return;
	if (q->box.complete)
		buf_addc(&out, "C\n");
	for (n = 1; n <= q->box.count; n++) {
		uid = key_of(q, n, &key);
		if (uid == NULL)
			continue;
		if (counts_as_seen(q, n))
			buf_addf(&out, "A%s\n", uid_of(uid));
		if (is_gone(q, n))
			buf_addf(&out, "F%s\n", uid);
	}
	if (q->box.complete)
		buf_addc(&out, "E\n");
	say(q, &out);
}

void told_large(const struct poll *q, uint64_t octets)
{
	AUTO_BUF out = BUF_MAX(64);

	buf_addf(&out, "O%llu\n", (unsigned long long)octets);
	say(q, &out);
}

void told_timeout(const struct poll *q)
{
	AUTO_BUF out = BUF_MAX(64);

	buf_addc(&out, "T\n");
	say(q, &out);
}

void told_alive(const struct poll_how *how)
{
	ssize_t unused UNUSED = write(how->ids_out, "P\n", 2);
}

void told_moved(void *arg)
{
	const struct poll *q = arg;

	told_alive(q->how);
}
