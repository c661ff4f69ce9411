/* pop3_window - commands whose answers are read when their turn comes (RFC 2449
 * 6.6). Runs in: poll child. */

#include <string.h>

#include "fetcher/pop3.h"

/* What is read away at most, when nobody wants it any more. */
#define DROP_MAX ((uint64_t)4 << 20)

static struct pop3_due *head(struct pop3 *p)
{
	return &p->due[p->due_first];
}

static struct pop3_due pop(struct pop3 *p)
{
	struct pop3_due d = *head(p);

	p->due_first = (p->due_first + 1) % POP3_DUE_MAX;
	p->due_n--;
	return d;
}

static enum status push(struct pop3 *p, uint64_t n, bool dele, struct err *e)
{
	struct pop3_due *d;

	if (p->due_n == POP3_DUE_MAX) {
		err_temp(e, "", "too many commands without an answer");
		return PS_PROTOCOL;
	}
	d = &p->due[(p->due_first + p->due_n++) % POP3_DUE_MAX];
	*d = (struct pop3_due){ n, dele };
	return PS_SUCCESS;
}

static void tell(struct pop3 *p, uint64_t n, enum status st)
{
	if (p->base.done != NULL && (st == PS_SUCCESS || st == PS_ERROR))
		p->base.done(p->base.arg, n, DEED_REMOVE, st);
}

static enum status good(enum status st)
{
	return st == PS_ERROR ? PS_SUCCESS : st;
}

/* The answers to DELE that come before anything else. */
static enum status read_deles(struct pop3 *p, struct err *e)
{
	enum status st = PS_SUCCESS;
	uint64_t n;

	while (good(st) == PS_SUCCESS && p->due_n != 0 && head(p)->dele) {
		n = pop(p).n;
		st = pop3_status(p, e);
		tell(p, n, st);
	}
	return good(st);
}

static enum status drop_text(struct pop3 *p, struct err *e)
{
	struct str line;
	uint64_t octets = 0;
	enum status st = PS_SUCCESS;

	while (p->in_text && st == PS_SUCCESS) {
		st = pop3_line(p, &line, e);
		octets += line.n;
		if (octets > DROP_MAX)
			return PS_ERROR;
	}
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

enum status pop3_catch_up(struct pop3 *p, struct err *e)
{
	enum status st = PS_SUCCESS;

	if (conn_flush(p->base.conn, e) != ST_OK)
		return PS_SOCKET;
	st = drop_text(p, e);
	while (st == PS_SUCCESS && p->due_n != 0) {
		st = read_deles(p, e);
		if (st != PS_SUCCESS || p->due_n == 0)
			break;
		p->text_size = 0;
		st = pop3_open_asked(p, head(p)->n, e);
		st = st == PS_ERROR ? PS_SUCCESS : drop_text(p, e);
	}
	return st;
}

enum status pop3_ask(struct pop3 *p, uint64_t n, bool top, struct err *e)
{
	enum status st = push(p, n, false, e);

	if (st != PS_SUCCESS)
		return st;
	return top ? pop3_put(p, e, "TOP %llu 99999999", (unsigned long long)n)
		   : pop3_put(p, e, "RETR %llu", (unsigned long long)n);
}

bool pop3_is_asked(const struct pop3 *p, uint64_t n)
{
	unsigned i;

	for (i = 0; i < p->due_n; i++) {
		const struct pop3_due *d =
		    &p->due[(p->due_first + i) % POP3_DUE_MAX];

		if (!d->dele)
			return d->n == n;
	}
	return false;
}

enum status pop3_open_asked(struct pop3 *p, uint64_t n, struct err *e)
{
	enum status st = PS_SUCCESS;

	if (!conn_has_input(p->base.conn) &&
	    conn_flush(p->base.conn, e) != ST_OK)
		return PS_SOCKET;
	st = read_deles(p, e);
	if (st != PS_SUCCESS)
		return st;
	if (p->due_n == 0 || pop(p).n != n) {
		err_temp(e, "", "message %llu was not asked for",
		    (unsigned long long)n);
		return PS_PROTOCOL;
	}
	pop3_text_begins(p);
	st = pop3_status(p, e);
	p->in_text = st == PS_SUCCESS;
	return st;
}

enum status pop3_dele(struct pop3 *p, uint64_t n, struct err *e)
{
	enum status st;

	if (p->pipelining) {
		st = push(p, n, true, e);
		return st == PS_SUCCESS
		    ? pop3_put(p, e, "DELE %llu", (unsigned long long)n)
		    : st;
	}
	st = pop3_command(p, e, "DELE %llu", (unsigned long long)n);
	tell(p, n, st);
	return good(st);
}
