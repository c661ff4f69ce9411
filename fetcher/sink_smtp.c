/*
 * sink_smtp - hand messages to an SMTP or LMTP listener, over several
 * connections. Runs in: poll child.
 *
 * Who has answered the dot gets the next message. When nobody has, and we had
 * to wait for a moment by now, one more connection is begun, and whichever comes first, an answer or its greeting, is
 * where the next message goes: so a listener that takes one connection at a
 * time never has us wait for ourselves.
 */

#include <poll.h>

#include "base/clock.h"
#include "fetcher/account.h"
#include "fetcher/report.h"
#include "fetcher/sink.h"
#include "fetcher/smtp_talk.h"

#define TALKS_MAX 64
/* A listener that had us wait no longer than this, all messages taken
 * together, needs no second connection. */
#define PATIENCE_MS 50

struct known {
	size_t ticket;
	enum fate fate;
};

struct smtp {
	struct sink s;
	struct smtp_talk *talks[TALKS_MAX];
	size_t ticket[TALKS_MAX]; /* TALK_PENDING: of which message */
	size_t n, most;
	int64_t patience;      /* so much of it is left */
	struct smtp_talk *now; /* TALK_BUSY */
	struct known known[TALKS_MAX];
	size_t known_n;
};

static bool wanted(const struct account *a)
{
	(void)a;
	return true;
}

static void start(struct sink *sink)
{
	struct smtp *s = (struct smtp *)sink;
	int64_t most = opt_num(&sink->a->o, OPT_SINKCONNECTIONS);

	s->most = most < 1 ? 1 : most > TALKS_MAX ? TALKS_MAX : (size_t)most;
	s->talks[0] = smtp_talk_new(sink);
	s->n = 1;
	s->patience = PATIENCE_MS;
}

static void finish(struct sink *sink)
{
	struct smtp *s = (struct smtp *)sink;

	while (s->n > 0)
		smtp_talk_free(s->talks[--s->n]);
}

/* --- who has answered ----------------------------------------------------- */

static struct smtp_talk *in_state(const struct smtp *s, enum talk_state state)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->talks[i]->state == state)
			return s->talks[i];
	return NULL;
}

/* One that is only begun would stand before a notice in the queue of a
 * listener that takes one at a time. */
static void drop_opening(struct smtp *s)
{
	struct smtp_talk *t = in_state(s, TALK_OPENING);

	if (t != NULL)
		smtp_talk_break_off(t);
}

static void judge(struct smtp *s, size_t i)
{
	s->known[s->known_n].ticket = s->ticket[i];
	s->known[s->known_n++].fate = smtp_talk_answer(s->talks[i]);
}

static size_t count_open(const struct smtp *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		n += s->talks[i]->state != TALK_CLOSED;
	return n;
}

/* It greets, or it never will: then there are enough. */
static void greeted(struct smtp *s, struct smtp_talk *t)
{
	if (!smtp_talk_greeted(t))
		s->most = count_open(s) > 1 ? count_open(s) : 1;
}

static bool is_awaited(const struct smtp_talk *t)
{
	return t->state == TALK_PENDING || t->state == TALK_OPENING;
}

/* Until one of those has something to say, or its time or this one is over; all
 * that do are heard. False: none is awaited. */
static bool hear(struct smtp *s, int64_t until)
{
	struct pollfd fds[TALKS_MAX];
	size_t i, awaited = 0, n = s->n;

	for (i = 0; i < n; i++) {
		struct smtp_talk *t = s->talks[i];

		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
		if (!is_awaited(t))
			continue;
		fds[i].fd = conn_fd(t->c.conn);
		awaited += t->state == TALK_PENDING;
		if (conn_has_input(t->c.conn))
			until = 0;
		else if (t->until < until)
			until = t->until;
	}
	if (awaited == 0 && in_state(s, TALK_OPENING) == NULL)
		return false;
	if (poll(fds, n, clock_left(until)) < 0)
		return true; /* interrupted: the caller looks again */
	for (i = 0; i < n; i++) {
		struct smtp_talk *t = s->talks[i];

		if (fds[i].fd < 0 ||
		    (fds[i].revents == 0 && !conn_has_input(t->c.conn) &&
			clock_ms() < t->until))
			continue;
		if (t->state == TALK_OPENING)
			greeted(s, t);
		else
			judge(s, i);
	}
	return true;
}

static bool collect(struct sink *sink, bool wait, size_t *ticket,
    enum fate *fate)
{
	struct smtp *s = (struct smtp *)sink;

	if (wait)
		drop_opening(s);
	while (s->known_n == 0) {
		if (in_state(s, TALK_PENDING) == NULL ||
		    !hear(s, wait ? CLOCK_NEVER : 0))
			return false;
		if (!wait && s->known_n == 0)
			return false;
	}
	s->known_n--;
	*ticket = s->known[s->known_n].ticket;
	*fate = s->known[s->known_n].fate;
	return true;
}

/* --- whose turn it is ------------------------------------------------------ */

/* Begin one more, beside one that is connected. */
static void open_more(struct smtp *s)
{
	struct smtp_talk *like = in_state(s, TALK_PENDING);
	struct smtp_talk *t = in_state(s, TALK_CLOSED);

	if (like == NULL || in_state(s, TALK_OPENING) != NULL ||
	    count_open(s) >= s->most)
		return;
	if (t == NULL)
		t = s->talks[s->n++] = smtp_talk_new(&s->s);
	if (!smtp_talk_open_like(t, like))
		s->most = 1;
}

/* batchlimit. */
static void end_batch(struct smtp *s)
{
	int64_t batch = opt_num(&s->s.a->o, OPT_BATCHLIMIT);
	size_t i;

	for (i = 0; i < s->n && batch > 0; i++)
		if (s->talks[i]->state == TALK_IDLE &&
		    s->talks[i]->count >= batch)
			smtp_talk_quit(s->talks[i]);
}

/* All are pending. */
static void wait_for_one(struct smtp *s)
{
	int64_t began = clock_ms();

	if (s->most > 1 && s->patience > 0) {
		hear(s, began + s->patience);
		s->patience -= clock_ms() - began;
		return;
	}
	if (s->most > 1)
		open_more(s);
	hear(s, CLOCK_NEVER);
}

/* NULL: nobody there. */
static struct smtp_talk *choose(struct smtp *s)
{
	struct smtp_talk *t;

	hear(s, 0);
	for (;;) {
		end_batch(s);
		t = in_state(s, TALK_IDLE);
		if (t != NULL)
			return t;
		if (in_state(s, TALK_PENDING) == NULL)
			break;
		wait_for_one(s);
	}
	drop_opening(s);
	t = in_state(s, TALK_CLOSED);
	return smtp_talk_open(t) ? t : NULL;
}

/* --- the transaction ----------------------------------------------------- */

static enum fate begin(struct sink *sink, const struct sink_mail *m)
{
	struct smtp *s = (struct smtp *)sink;
	enum fate fate;

	s->now = choose(s);
	if (s->now == NULL)
		return FATE_DOWN;
	fate = smtp_talk_begin(s->now, m);
	s->s.to = s->now->entry != NULL ? s->now->entry : s->s.to;
	return fate;
}

static enum fate text(struct sink *sink, struct str piece)
{
	return smtp_talk_text(((struct smtp *)sink)->now, piece);
}

static size_t place_of(const struct smtp *s, const struct smtp_talk *t)
{
	size_t i = 0;

	while (s->talks[i] != t)
		i++;
	return i;
}

static enum fate end(struct sink *sink)
{
	struct smtp *s = (struct smtp *)sink;
	struct smtp_talk *t = s->now;
	enum fate fate = smtp_talk_end(t);

	if (fate != FATE_PENDING)
		return fate;
	if (s->most == 1)
		return smtp_talk_answer(t);
	s->ticket[place_of(s, t)] = t->refused.m->ticket;
	smtp_talk_keep(t);
	return FATE_PENDING;
}

static void break_off(struct sink *sink)
{
	smtp_talk_break_off(((struct smtp *)sink)->now);
}

const struct sink_ops sink_smtp_ops = {
	.wanted = wanted,
	.size = sizeof(struct smtp),
	.down = PS_SMTP,
	.open = start,
	.close = finish,
	.begin = begin,
	.text = text,
	.end = end,
	.abort = break_off,
	.collect = collect,
};
