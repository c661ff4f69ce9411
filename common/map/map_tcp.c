/*
 * tcp: - one line with the question, one with the answer. tcp_table(5).
 *
 *	get KEY		200 VALUE, 500 TEXT (no such key), 400 TEXT (later)
 *
 * Both sides write blanks, "%", controls and what is no ASCII as %XX.
 */

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "map/nul.h"
#include "map/peer.h"
#include "map/types.h"

/* With its newline. */
#define REPLY_MAX 4096
/* "get ", three bytes for one, and the newline. */
#define QUESTION_MAX (3 * 70000 + 5)

static void add_quoted(struct buf *out, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == '%' || c >= 0x7f)
			buf_addf(out, "%%%02X", c);
		else
			buf_addch(out, s.p[i]);
	}
}

/* False: a "%" without two digits. */
static bool add_unquoted(struct buf *out, struct str s)
{
	uint64_t c;

	while (s.n != 0) {
		if (*s.p != '%') {
			buf_addch(out, *s.p);
			s = str_skip(s, 1);
			continue;
		}
		if (s.n < 3 || !num_hex((struct str){ s.p + 1, 2 }, 255, &c))
			return false;
		buf_addch(out, (char)c);
		s = str_skip(s, 3);
	}
	return true;
}

static enum st talk(struct conn *c, struct str question, struct buf *reply,
    struct err *e)
{
	struct str line;
	enum st st = conn_put(c, question, e);

	if (st == ST_OK)
		st = conn_flush(c, e);
	if (st == ST_OK)
		st = conn_line(c, &line, e);
	if (st == ST_TEMP)
		return ST_TEMP;
	if (st == ST_OK && line.n > REPLY_MAX)
		return err_perm(e, "4.3.0", "text longer than %d", REPLY_MAX);
	if (st == ST_NONE || !str_ends(line, STR("\n")))
		return err_temp(e, "4.3.0", "unexpected EOF");
	line.n--;
	buf_set(reply, line);
	return ST_OK;
}

static const struct peer_kind kind = {
	.limits = { 100000, CLOCK_NEVER, CLOCK_NEVER, 1000, 10 },
	.connect_text = "connect to TCP map",
	.read_text = "read TCP map reply from",
	.talk = talk,
};

static enum st tcp_open(struct map *m, struct err *e)
{
	struct peer *p = arena_alloc(&m->arena, sizeof(*p));

	if ((m->flags & MAP_NO_UNAUTH) != 0)
		return err_temp(e, "4.3.5",
		    "%.*s map is not allowed for security sensitive data",
		    STR_ARG(m->spec));
	peer_init(p, &kind, m->name, &m->arena);
	m->state = p;
	return ST_OK;
}

/* The server talks nonsense: what comes next could belong to anything. */
static enum st bad_reply(struct peer *p, const char *what, struct str reply,
    struct err *e)
{
	log_warn("read TCP map reply from %s: %s: %.*s", p->shown, what,
	    STR_ARG(reply));
	peer_close(p);
	return err_temp(e, "4.3.0", "%s", what);
}

/* Three digits, a blank, a quoted text. */
static enum st answer(struct peer *p, struct str reply, struct buf *val,
    struct err *e)
{
	AUTO_BUF text = BUF_MAX(REPLY_MAX);
	uint64_t code;

	if (reply.n < 4 || !num_u64(str_head(reply, 3), 999, &code) ||
	    !str_isspace(reply.p[3]) ||
	    !add_unquoted(&text, str_skip(reply, 4)))
		return bad_reply(p, "malformed reply", reply, e);
	switch (code) {
	case 200:
		buf_set(val, nul_cut(buf_str(&text)));
		return ST_OK;
	case 500:
		return ST_NONE;
	case 400:
		peer_close(p);
		return err_temp(e, "4.3.0", "%s", buf_c(&text));
	default:
		return bad_reply(p, "bad status code", reply, e);
	}
}

static enum st tcp_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	AUTO_BUF question = BUF_MAX(QUESTION_MAX);
	AUTO_BUF reply = BUF_MAX(REPLY_MAX);

	buf_addc(&question, "get ");
	add_quoted(&question, key);
	buf_addch(&question, '\n');
	if (question.full)
		return ST_NONE;
	if (peer_ask(m->state, buf_str(&question), &reply, e) != ST_OK)
		return ST_TEMP;
	return answer(m->state, buf_str(&reply), val, e);
}

static void tcp_close(struct map *m)
{
	peer_close(m->state);
}

const struct map_ops map_tcp_ops = {
	.type = "tcp",
	.pattern = true,
	.read_only = true,
	.coded = true,
	.open = tcp_open,
	.get = tcp_get,
	.close = tcp_close,
};
