/* pop3_box - POP3 behind proto.h: what is new, and the commands in their
 * places. Runs in: poll child. */

#include <stdlib.h>
#include <string.h>

#include "fetcher/header.h"
#include "fetcher/method.h"
#include "fetcher/poll.h"
#include "fetcher/pop3.h"
#include "fetcher/report.h"
#include "mail/header.h"

/* fastuidl is for more messages than this. */
#define FEW 7

/* How our file of what was delivered names them. */
#define KEY_PREFIX "pop3:"

static struct pop3 *of(struct proto *b)
{
	return (struct pop3 *)b;
}

/* --- the session --------------------------------------------------------- */

static void box_clear(struct proto *b)
{
	buf_clear(&of(b)->sasl);
	buf_clear(&of(b)->greeting);
}

static enum status box_greet(struct proto *b, struct err *e)
{
	return pop3_greeting(of(b), e);
}

static bool is_apop(const struct proto *b)
{
	return opt_num(&b->a->o, OPT_PROTOCOL) == PROTO_APOP;
}

static enum status box_capa(struct proto *b, struct err *e)
{
	return pop3_capa(of(b), e);
}

static enum status box_tls(struct proto *b, const struct tls_rules *rules,
    struct err *e)
{
	return pop3_stls(of(b), rules, e);
}

static enum status by_mechanism(struct proto *b, const char *mech,
    struct err *e)
{
	if (method_check_line(b->a, mech, b->conn, e) != ST_OK)
		return PS_AUTHFAIL;
	return pop3_auth(of(b), mech, b->a->user, b->a->password, e);
}

/* USER and PASS; where they are not offered, the same as a mechanism. */
static enum status in_clear(struct proto *b, struct err *e)
{
	static const char *const mechs[] = { "PLAIN", "LOGIN" };
	const struct pop3 *p = of(b);
	enum status st = PS_NOMAIL;
	size_t i;

	for (i = 0; i < NELEM(mechs) && p->capa && !p->user; i++) {
		if (st == PS_NOMAIL && conn_is_tls(b->conn))
			st = by_mechanism(b, mechs[i], e);
	}
	if (st == PS_NOMAIL)
		st = pop3_login(of(b), b->a->user, b->a->password, e);
	return st;
}

static enum status not_offered(const struct proto *b, struct err *e)
{
	err_temp(e, "", "the server does not offer %s; say: auth password",
	    method_name(b->a, 0));
	return PS_AUTHFAIL;
}

/*
 * The best that is offered, then USER and PASS: a refusal of the first says
 * nothing about the second.
 */
static enum status box_login(struct proto *b, struct err *e)
{
	enum status st = PS_NOMAIL;
	const char *mech;
	size_t n;

	if (is_apop(b))
		return pop3_apop(of(b), b->a->user, b->a->password, e);
	for (n = 0; (mech = method_name(b->a, n)) != NULL; n++)
		if (st == PS_NOMAIL)
			st = by_mechanism(b, mech, e);
	if (method_is_named(b->a))
		return st == PS_NOMAIL ? not_offered(b, e) : st;
	return st == PS_NOMAIL || st == PS_AUTHFAIL ? in_clear(b, e) : st;
}

static enum status box_quit(struct proto *b, struct err *e)
{
	return pop3_command(of(b), e, "QUIT");
}

/* --- what is new --------------------------------------------------------- */

static bool seen(const struct proto *b, const char *uid)
{
	return uid != NULL &&
	    uidl_seen(b->how->ids, b->a->user, b->a->host, str_c(uid));
}

/* What was delivered and is still there is only found in a full list. */
static bool is_fast(const struct proto *b, uint64_t count)
{
	int64_t every = opt_num(&b->a->o, OPT_FASTUIDL);

	if (count <= FEW || every <= 0 || opt_keep_days(&b->a->o) != 0 ||
	    uidl_any(b->how->delivered, b->a->user, b->a->host,
		STR(KEY_PREFIX)))
		return false;
	return every == 1 ||
	    (b->how->daemon && b->how->turn % (unsigned long)every != 0);
}

/*
 * The old ones come first: so the place where the new ones begin is found by
 * asking for a few. PS_ERROR: this server does not like it.
 */
static enum status find_first_new(struct pop3 *p, struct box *x, struct err *e)
{
	uint64_t low = 1, high = x->count, mid;
	enum status st;

	while (low <= high) {
		mid = low + (high - low) / 2;
		st = pop3_uidl_one(p, mid, &p->uids[mid], e);
		if (st != PS_SUCCESS)
			return st;
		if (seen(&p->base, p->uids[mid]))
			low = mid + 1;
		else
			high = mid - 1;
	}
	memset(x->state + 1, MSG_OLD, low - 1);
	return PS_SUCCESS;
}

/* A server without UIDL: Message-IDs are as good as that. */
static enum status uids_by_top(struct pop3 *p, uint64_t count, struct err *e)
{
	AUTO_BUF raw = BUF_MAX(HEADER_MAX);
	AUTO_BUF id = BUF_MAX(1024);
	enum status st = PS_SUCCESS;
	uint64_t n;

	for (n = 1; n <= count && st == PS_SUCCESS; n++) {
		buf_reset(&raw);
		buf_reset(&id);
		st = pop3_header(p, n, &raw, e);
		if (st == PS_SUCCESS &&
		    header_get(buf_str(&raw), "Message-ID", &id))
			p->uids[n] =
			    arena_strz(&p->base.arena, str_trim(buf_str(&id)));
	}
	return st;
}

static enum status ask_uids(struct pop3 *p, struct box *x, struct err *e)
{
	const struct options *o = &p->base.a->o;
	enum status st;
	uint64_t n;

	p->uids = arena_array(&p->base.arena, x->count + 1, sizeof(char *));
	if (is_fast(&p->base, x->count)) {
		st = find_first_new(p, x, e);
		if (st != PS_ERROR)
			return st;
	}
	st = pop3_uidl(p, x->count, p->uids, e);
	if (st == PS_ERROR && (opt_flag(o, OPT_UIDL) || opt_flag(o, OPT_KEEP)))
		st = uids_by_top(p, x->count, e);
	if (st == PS_ERROR) {
		p->uids = NULL; /* the server has none: all are new */
		return PS_SUCCESS;
	}
	x->complete = st == PS_SUCCESS;
	for (n = 1; n <= x->count; n++)
		if (seen(&p->base, p->uids[n]))
			x->state[n] = MSG_OLD;
	return st;
}

static enum status box_list(struct proto *b, struct box *x, struct err *e)
{
	struct pop3 *p = of(b);
	bool uidl =
	    opt_flag(&b->a->o, OPT_UIDL) || opt_keep_days(&b->a->o) != 0;
	enum status st = pop3_stat(p, &x->count, &x->octets, e);

	arena_clear(&b->arena);
	p->uids = NULL;
	p->sizes = NULL;
	p->count = x->count;
	if (st != PS_SUCCESS || x->count == 0)
		return st;
	x->state = arena_alloc(&b->arena, x->count + 1);
	if (opt_flag(&b->a->o, OPT_FETCHALL) && !uidl)
		return PS_SUCCESS;
	if (!uidl) {
		st = pop3_last(p, &p->last, e);
		if (st == PS_SUCCESS)
			memset(x->state + 1, MSG_OLD,
			    p->last < x->count ? p->last : x->count);
		if (st != PS_ERROR)
			return st;
	}
	return ask_uids(p, x, e);
}

/* --- a message ----------------------------------------------------------- */

static void box_prefix(struct proto *b UNUSED, struct buf *room)
{
	buf_setf(room, KEY_PREFIX);
}

static const char *box_key(struct proto *b, uint64_t n, struct buf *room)
{
	const struct pop3 *p = of(b);

	if (p->uids == NULL || p->uids[n] == NULL)
		return NULL;
	buf_setf(room, KEY_PREFIX "%s", p->uids[n]);
	return buf_c(room);
}

/* Only the new ones are known: the list of all would be long. */
static bool is_fast_list(const struct pop3 *p)
{
	return p->uids != NULL && p->count > 0 && p->uids[1] == NULL;
}

static enum status box_octets(struct proto *b, uint64_t n, uint64_t *octets,
    struct err *e)
{
	struct pop3 *p = of(b);
	enum status st = PS_SUCCESS;

	*octets = 0;
	if (p->uids != NULL && p->uids[n] == NULL)
		st = pop3_uidl_one(p, n, &p->uids[n], e);
	if (st != PS_SUCCESS && st != PS_ERROR)
		return st;
	if (opt_num(&b->a->o, OPT_FETCHSIZELIMIT) != 0 &&
	    (!p->pipelining || is_fast_list(p)))
		return pop3_list(p, n, octets, e);
	if (p->sizes == NULL) {
		p->sizes =
		    arena_array(&b->arena, p->count + 1, sizeof(*p->sizes));
		st = pop3_list_all(p, p->count, p->sizes, e);
	}
	*octets = p->sizes[n];
	return st;
}

/* TOP leaves no mark on servers that mark what was retrieved. */
static bool use_top(const struct pop3 *p)
{
	const struct options *o = &p->base.a->o;
	bool keep = opt_flag(o, OPT_KEEP), uidl = opt_flag(o, OPT_UIDL);

	return !opt_flag(o, OPT_FETCHALL) && !(keep && !uidl) &&
	    getenv("FETCHMAIL_POP3_FORCE_RETR") == NULL &&
	    !p->greeting_maillennium;
}

static enum status box_open(struct proto *b, uint64_t n, uint64_t octets,
    struct err *e)
{
	struct pop3 *p = of(b);
	enum status st;

	p->text_size = octets;
	if (pop3_is_asked(p, n))
		return pop3_open_asked(p, n, e);
	st = pop3_retr(p, n, use_top(p), e);
	if (st == PS_ERROR && use_top(p))
		st = pop3_retr(p, n, false, e);
	return st;
}

static enum status box_line(struct proto *b, struct str *line, struct err *e)
{
	return pop3_line(of(b), line, e);
}

static enum status box_remove(struct proto *b, uint64_t n, struct err *e)
{
	return pop3_dele(of(b), n, e);
}

/* The first one goes alone: whether TOP works, and how lines end. */
static bool box_can_ask(struct proto *b, uint64_t n, uint64_t *octets)
{
	const struct pop3 *p = of(b);

	if (!p->pipelining || p->bare_lf || p->sizes == NULL || !p->text_seen ||
	    (p->uids != NULL && p->uids[n] == NULL))
		return false;
	if (use_top(p) && !p->top_seen)
		return false;
	*octets = p->sizes[n];
	return true;
}

static enum status box_ask(struct proto *b, uint64_t n, struct err *e)
{
	return pop3_ask(of(b), n, use_top(of(b)), e);
}

static enum status box_catch_up(struct proto *b, struct err *e)
{
	return pop3_catch_up(of(b), e);
}

const struct proto_ops pop3_ops = {
	.name = "POP3",
	.port = "110",
	.ssl_port = "995",
	.tls_verb = "STLS",
	.size = sizeof(struct pop3),
	.seen_by_key = true,
	.ends_at_quit = true,
	.capa_is_optional = true,
	.clear = box_clear,
	.greet = box_greet,
	.capa = box_capa,
	.start_tls = box_tls,
	.login = box_login,
	.quit = box_quit,
	.list = box_list,
	.key = box_key,
	.prefix = box_prefix,
	.octets = box_octets,
	.can_ask = box_can_ask,
	.ask = box_ask,
	.catch_up = box_catch_up,
	.open = box_open,
	.line = box_line,
	.remove = box_remove,
};
