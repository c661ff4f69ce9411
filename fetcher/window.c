/* window - what to ask for ahead. Runs in: poll child. */

#include "fetcher/window.h"

#include "fetcher/message.h"

/* Not farther, so that what is answered on the way stays bounded. */
#define AHEAD 128

/* Would fetching so many more still be within fetchlimit and expunge? */
static bool is_allowed(const struct poll *q, uint64_t more)
{
	uint64_t most = (uint64_t)opt_num(&q->a->o, OPT_FETCHLIMIT);
	uint64_t here = message_session_limit(q);

	if (most > 0 && q->fetched + more > most)
		return false;
	return here == 0 || message_leaving(q) + more <= here;
}

static bool is_room(const struct window *w, uint64_t octets)
{
	return w->n == 0 ||
	    (w->n < WINDOW_MESSAGES && w->octets + octets <= WINDOW_OCTETS);
}

static enum status ask(struct poll *q, uint64_t n, uint64_t octets,
    struct err *e)
{
	struct window *w = &q->window;
	size_t at = (w->first + w->n++) % WINDOW_MESSAGES;

	w->asked[at].n = n;
	w->asked[at].octets = octets;
	w->octets += octets;
	return q->p->ops->ask(q->p, n, e);
}

/* Many in one go: not for each one that was read. */
static bool is_low(const struct window *w)
{
	return w->n <= WINDOW_MESSAGES / 2 && w->octets <= WINDOW_OCTETS / 2;
}

enum status window_fill(struct poll *q, uint64_t n, struct err *e)
{
	uint64_t limit = (uint64_t)opt_num(&q->a->o, OPT_LIMIT), octets, m;
	struct window *w = &q->window;
	enum status st = PS_SUCCESS;

	if (q->p->ops->can_ask == NULL || !is_low(w))
		return PS_SUCCESS;
	for (m = w->next > n ? w->next : n;
	     m <= q->box.count && m < n + AHEAD && st == PS_SUCCESS; m++) {
		if (!message_is_wanted(q, m))
			continue;
		if (!q->p->ops->can_ask(q->p, m, &octets))
			break;
		if (limit > 0 && octets > limit)
			continue;
		if (!is_room(w, octets) || !is_allowed(q, w->n + 1))
			break;
		st = ask(q, m, octets, e);
	}
	w->next = m;
	return st;
}

void window_opened(struct poll *q, uint64_t n)
{
	struct window *w = &q->window;

	if (w->n == 0 || w->asked[w->first].n != n)
		return;
	w->octets -= w->asked[w->first].octets;
	w->first = (w->first + 1) % WINDOW_MESSAGES;
	w->n--;
}
