/* imap_box - IMAP behind proto.h: folders, what is new, flags. Runs in: poll
 * child. */

#include <string.h>

#include "base/clock.h"
#include "fetcher/imap.h"
#include "fetcher/poll.h"
#include "fetcher/report.h"
#include "fetcher/told.h"

#define FOLDER_MAX 4096
/* Sets of messages in a command are no longer than this. */
#define SET_MAX 2000
/* RFC 2177: IDLE anew within 29 minutes; without it a NOOP now and then. */
#define IDLE_MS 1680000
#define NOOP_MS 28000
#define STEP_MS 60000

static struct imap *of(struct proto *b)
{
	return (struct imap *)b;
}

static bool keeps(const struct imap *p)
{
	return opt_flag(&p->base.a->o, OPT_KEEP);
}

/* "track uid": our file says what is new. */
static bool tracks(const struct imap *p)
{
	return opt_num(&p->base.a->o, OPT_TRACK) != 0;
}

/* --- folders ------------------------------------------------------------------ */

/* What was known of its messages; answers go nowhere then. */
static void forget_messages(struct imap *p)
{
	p->count = 0;
	p->state = NULL;
	p->uids = p->octets = NULL;
	arena_clear(&p->base.arena);
}

static void forget_folder(struct imap *p)
{
	forget_messages(p);
	p->exists = p->validity = 0;
	p->read_only = p->news = p->not_expunged = false;
	imap_set_reset(&p->marked);
}

static enum status select_box(struct proto *b, struct box *x, struct err *e)
{
	struct imap *p = of(b);
	AUTO_BUF quoted = BUF_MAX(FOLDER_MAX);
	const char *name = x->folder != NULL ? x->folder : "INBOX";
	enum status st;

	forget_folder(p);
	if (!imap_quote_folder(&quoted, str_c(name))) {
		buf_setf(&b->reply, "its name is not UTF-8");
		return PS_ERROR;
	}
	p->folder.max = FOLDER_MAX;
	buf_set(&p->folder, buf_str(&quoted));
	st = imap_command(p, e, "%s %s", b->how->check ? "EXAMINE" : "SELECT",
	    buf_c(&quoted));
	if (st != PS_SUCCESS || b->how->check)
		return st;
	x->read_only = p->read_only;
	if (p->read_only && !keeps(p)) {
		buf_setf(&b->reply,
		    "it is read-only: nothing can be deleted "
		    "from it; say: keep");
		return PS_ERROR;
	}
	return PS_SUCCESS;
}

/* --- what is new ----------------------------------------------------------------- */

/* "SEARCH", or flags where the server will not search. */
static enum status search(struct imap *p, struct err *e)
{
	enum status st;

	memset(p->state + 1, MSG_OLD, p->count);
	st = tracks(p)
	    ? imap_command(p, e, "SEARCH UNDELETED")
	    : imap_command(p, e, "SEARCH UNSEEN%s",
		  keeps(p) || p->base.how->check ? " UNDELETED" : "");
	if (st != PS_ERROR)
		return st;
	if (tracks(p)) {
		memset(p->state + 1, MSG_NEW, p->count);
		return PS_SUCCESS;
	}
	p->unsure = true;
	st = imap_command(p, e, "FETCH 1:%llu FLAGS",
	    (unsigned long long)p->count);
	p->unsure = false;
	return st;
}

/* Of old ones nothing need be known, unless they are deleted. */
static bool is_wanted(const struct imap *p, uint64_t n)
{
	const struct options *o = &p->base.a->o;

	return p->state[n] == MSG_NEW || opt_flag(o, OPT_FLUSH) || tracks(p) ||
	    opt_keep_days(o) != 0;
}

/* The next set "a:b,c" of at most so many messages, from *n on. */
static void next_set(const struct imap *p, uint64_t most, uint64_t *n,
    struct buf *set)
{
	uint64_t first, had = 0;

	buf_reset(set);
	while (*n <= p->count && had < most && set->n < SET_MAX) {
		if (!is_wanted(p, *n)) {
			++*n;
			continue;
		}
		for (first = *n;
		     *n <= p->count && had < most && is_wanted(p, *n); ++*n)
			had++;
		buf_addf(set, set->n != 0 ? ",%llu" : "%llu",
		    (unsigned long long)first);
		if (*n > first + 1)
			buf_addf(set, ":%llu", (unsigned long long)*n - 1);
	}
}

/*
 * Sizes, and the UIDs by which all else is done. Numbers do not move until
 * then: RFC 3501 7.4.1.
 */
static enum status ask_octets(struct imap *p, struct err *e)
{
	uint64_t most = (uint64_t)opt_num(&p->base.a->o, OPT_FETCHSIZELIMIT);
	AUTO_BUF set = BUF_MAX(SET_MAX + 64);
	enum status st = PS_SUCCESS;
	uint64_t n = 1;

	p->uids = arena_array(&p->base.arena, p->count + 1, sizeof(*p->uids));
	p->octets =
	    arena_array(&p->base.arena, p->count + 1, sizeof(*p->octets));
	for (;;) {
		next_set(p, most > 0 ? most : UINT64_MAX, &n, &set);
		p->learning = set.n != 0 && st == PS_SUCCESS;
		if (!p->learning)
			return st;
		st = imap_command(p, e, "FETCH %s (UID RFC822.SIZE)",
		    buf_c(&set));
	}
}

static enum status list(struct proto *b, struct box *x, struct err *e)
{
	struct imap *p = of(b);
	bool change =
	    !keeps(p) && !b->how->check && opt_text(&b->a->o, OPT_MOVE) == NULL;
	enum status st = PS_SUCCESS;

	forget_messages(p);
	if (p->exists != 0 && change)
		st = imap_command(p, e, "EXPUNGE");
	if (st != PS_SUCCESS && st != PS_ERROR)
		return st;
	p->news = false;
	x->count = p->exists;
	if (x->count == 0)
		return PS_SUCCESS;
	x->state = p->state = arena_alloc(&b->arena, x->count + 1);
	p->count = x->count;
	if (!opt_flag(&b->a->o, OPT_FETCHALL)) {
		st = search(p, e);
		if (st != PS_SUCCESS)
			return st;
	}
	x->complete = !b->how->check;
	return b->how->check && !tracks(p) ? PS_SUCCESS : ask_octets(p, e);
}

/* --- names of messages -------------------------------------------------------------- */

/* A blank or so would end the line that it is in. */
static void prefix(struct proto *b, struct buf *room)
{
	struct str name = buf_str(&of(b)->folder);
	size_t i;

	buf_setf(room, "imap:");
	for (i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] == ':' || name.p[i] == '%')
			buf_addf(room, "%%%02x", (unsigned char)name.p[i]);
		else
			buf_addch(room, name.p[i]);
	buf_addch(room, ':');
}

static const char *key(struct proto *b, uint64_t n, struct buf *room)
{
	const struct imap *p = of(b);

	if (p->uids == NULL || p->uids[n] == 0)
		return NULL;
	prefix(b, room);
	buf_addf(room, "%llu:%u", (unsigned long long)p->validity, p->uids[n]);
	return buf_c(room);
}

/* --- a message ------------------------------------------------------------------------ */

static enum status octets(struct proto *b, uint64_t n, uint64_t *v,
    struct err *e UNUSED)
{
	*v = of(b)->octets[n];
	return PS_SUCCESS;
}

static enum status gone(struct proto *b)
{
	buf_setf(&b->reply, "it is not there any more");
	return PS_ERROR;
}

static enum status open_head(struct proto *b, uint64_t n, uint64_t size UNUSED,
    struct err *e)
{
	struct imap *p = of(b);

	if (p->uids[n] == 0)
		return gone(b);
	return imap_open(p, p->uids[n], IMAP_HEAD, &b->head_octets, e);
}

static enum status open_body(struct proto *b, uint64_t n, struct err *e)
{
	return imap_open(of(b), of(b)->uids[n], IMAP_BODY, &b->body_octets, e);
}

static bool can_ask(struct proto *b, uint64_t n, uint64_t *size)
{
	*size = of(b)->octets[n];
	return imap_can_ask(of(b), n);
}

static enum status ask(struct proto *b, uint64_t n, struct err *e)
{
	return imap_ask(of(b), n, e);
}

static enum status put_once(struct imap *p, uint32_t uid, struct str to,
    struct err *e)
{
	return imap_command(p, e, "UID %s %u %.*s",
	    p->can_move ? "MOVE" : "COPY", uid, STR_ARG(to));
}

/* "move FOLDER": to there, which is made when it is missing. */
static enum status put(struct imap *p, uint32_t uid, const char *to,
    struct err *e)
{
	AUTO_BUF quoted = BUF_MAX(FOLDER_MAX);
	enum status st;

	if (!imap_quote_folder(&quoted, str_c(to))) {
		buf_setf(&p->base.reply, "move: the name is not UTF-8");
		return PS_ERROR;
	}
	st = put_once(p, uid, buf_str(&quoted), e);
	if (st != PS_ERROR ||
	    str_search(buf_str(&p->base.reply), STR("[TRYCREATE]")) < 0)
		return st;
	st = imap_command(p, e, "CREATE %s", buf_c(&quoted));
	return st == PS_SUCCESS ? put_once(p, uid, buf_str(&quoted), e) : st;
}

/* A copy there, or, with MOVE, all of it. */
static enum status move(struct imap *p, uint64_t n, const char *to,
    struct err *e)
{
	enum status st = put(p, p->uids[n], to, e);

	if (st == PS_SUCCESS && !p->can_move)
		return imap_flag(p, n, DEED_REMOVE, e);
	if ((st == PS_SUCCESS || st == PS_ERROR) && p->base.done != NULL)
		p->base.done(p->base.arg, n, DEED_REMOVE, st);
	return st == PS_ERROR ? PS_SUCCESS : st;
}

/* "expunge n": after n; otherwise in the end. */
static enum status remove_one(struct proto *b, uint64_t n, struct err *e)
{
	struct imap *p = of(b);
	const char *to = opt_text(&b->a->o, OPT_MOVE);
	enum status st;

	if (p->uids[n] == 0) {
		if (b->done != NULL)
			b->done(b->arg, n, DEED_REMOVE, gone(b));
		return PS_SUCCESS;
	}
	st = to != NULL ? move(p, n, to, e) : imap_flag(p, n, DEED_REMOVE, e);
	if (st == PS_SUCCESS &&
	    imap_must_expunge(p, (uint64_t)opt_num(&b->a->o, OPT_EXPUNGE)))
		st = imap_send_expunge(p, e);
	return st;
}

static enum status mark_seen(struct proto *b, uint64_t n, struct err *e)
{
	return imap_flag(of(b), n, DEED_MARK, e);
}

static enum status leave(struct proto *b, struct err *e)
{
	struct imap *p = of(b);
	enum status st = imap_send_expunge(p, e);

	if (st == PS_SUCCESS)
		st = imap_catch_up(b, e);
	if (st == PS_SUCCESS && p->not_expunged)
		st = PS_ERROR;
	if (st == PS_ERROR)
		err_temp(e, "", "%s", buf_c(&b->reply));
	return st;
}

/* It is all done: what becomes of the answer does not matter. */
static enum status quit(struct proto *b, struct err *e UNUSED)
{
	struct err ignored;

	of(b)->leaving = true;
	if (of(b)->text != TEXT_NONE || of(b)->in_list)
		return PS_SUCCESS;
	if (imap_command(of(b), &ignored, "LOGOUT") != PS_SUCCESS)
		buf_reset(&b->reply);
	return PS_SUCCESS;
}

/* --- waiting -------------------------------------------------------------------------- */

/* Until something comes or the time is over; the parent hears that we live. */
static bool comes(struct imap *p, int64_t ms)
{
	int64_t until = clock_ms() + ms;
	int step;

	while (p->in.piece.n == 0 && clock_ms() < until) {
		step = until - clock_ms() < STEP_MS ? (int)(until - clock_ms())
						    : STEP_MS;
		if (!conn_is_quiet(p->base.conn, step > 0 ? step : 0))
			return true;
		told_alive(p->base.how);
	}
	return p->in.piece.n != 0;
}

static enum status idle_once(struct imap *p, struct err *e)
{
	enum status st;

	p->may_continue = true;
	st = imap_command(p, e, "IDLE");
	p->may_continue = false;
	if (st != IMAP_STOPPED)
		return st == PS_SUCCESS ? PS_ERROR : st;
	st = PS_SUCCESS;
	while (st == PS_SUCCESS && !p->news && comes(p, IDLE_MS)) {
		p->in.left = SET_MAX * 10;
		st = imap_untagged(p, e);
	}
	if (st == PS_SUCCESS)
		st = imap_send(p, "DONE", NULL, e);
	return st == PS_SUCCESS ? imap_await(p, e) : st;
}

static enum status noop_once(struct imap *p, struct err *e)
{
	comes(p, NOOP_MS);
	return imap_command(p, e, "NOOP");
}

static enum status wait(struct proto *b, struct err *e)
{
	struct imap *p = of(b);
	enum status st = PS_SUCCESS;

	while (st == PS_SUCCESS && !p->news)
		st = p->idle ? idle_once(p, e) : noop_once(p, e);
	if (st == PS_ERROR)
		err_temp(e, "", "IDLE: %s", buf_c(&b->reply));
	return st;
}

const struct proto_ops imap_ops = {
	.name = "IMAP",
	.port = "143",
	.ssl_port = "993",
	.tls_verb = "STARTTLS",
	.size = sizeof(struct imap),
	.clear = imap_clear,
	.greet = imap_greet,
	.capa = imap_capa,
	.start_tls = imap_tls,
	.login = imap_login,
	.quit = quit,
	.folder = imap_folder,
	.select = select_box,
	.list = list,
	.leave = leave,
	.wait = wait,
	.key = key,
	.prefix = prefix,
	.octets = octets,
	.can_ask = can_ask,
	.ask = ask,
	.catch_up = imap_catch_up,
	.open = open_head,
	.body = open_body,
	.line = imap_line,
	.remove = remove_one,
	.mark_seen = mark_seen,
};
