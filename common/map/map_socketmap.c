/*
 * socketmap: - netstrings with question and answer. socketmap_table(5); what
 * sendmail(8) calls so.
 *
 *	NAME KEY	OK VALUE, NOTFOUND, TEMP TEXT, TIMEOUT TEXT, PERM TEXT
 *
 * A netstring is "LENGTH:BYTES,". https://cr.yp.to/proto/netstrings.txt
 */

#include <stdint.h>

#include "base/log.h"
#include "base/num.h"
#include "map/nul.h"
#include "map/peer.h"
#include "map/types.h"

#define REPLY_MAX    100000
#define QUESTION_MAX 200000

struct socketmap {
	struct peer peer;
	struct str name; /* of the table, for the server */
};

/* --- netstrings ---------------------------------------------------------- */

static enum st lost(enum st st, struct err *e)
{
	return st == ST_NONE ? err_temp(e, "4.3.0", "unexpected disconnect")
			     : st;
}

static enum st read_length(struct conn *c, size_t *length, struct err *e)
{
	AUTO_BUF digits = BUF_MAX(12);
	uint64_t n;
	enum st st;

	do
		st = conn_read(c, 1, &digits, e);
	while (st == ST_OK && !str_ends(buf_str(&digits), STR(":")) &&
	    !digits.full);
	if (st != ST_OK)
		return lost(st, e);
	buf_cut(&digits, digits.n - 1);
	if (digits.full || !num_u64(buf_str(&digits), UINT32_MAX, &n))
		return err_perm(e, "4.3.0", "input format error");
	if (n > REPLY_MAX)
		return err_perm(e, "4.3.0", "input exceeds size limit");
	*length = (size_t)n;
	return ST_OK;
}

static enum st talk(struct conn *c, struct str question, struct buf *reply,
    struct err *e)
{
	size_t length = 0;
	enum st st = conn_putf(c, e, "%zu:", question.n);

	if (st == ST_OK)
		st = conn_put(c, question, e);
	if (st == ST_OK)
		st = conn_put(c, STR(","), e);
	if (st == ST_OK)
		st = conn_flush(c, e);
	if (st == ST_OK)
		st = read_length(c, &length, e);
	if (st != ST_OK)
		return st;
	st = conn_read(c, length + 1, reply, e);
	if (st != ST_OK)
		return lost(st, e);
	if (!str_ends(buf_str(reply), STR(",")))
		return err_perm(e, "4.3.0", "input format error");
	buf_cut(reply, length);
	return ST_OK;
}

static const struct peer_kind kind = {
	.limits = { 100000, 10000, 100000, 0, 2 },
	.connect_text = "connect to",
	.talk = talk,
};

/* --- opening ------------------------------------------------------------- */

/* "inet:HOST:PORT" or "unix:PATH". */
static enum st parse_server(struct socketmap *s, struct map *m,
    struct str server, struct err *e)
{
	struct str where = server, transport;

	if (!str_cut(&where, ':', &transport) || where.n == 0)
		return err_temp(e, "4.3.5",
		    "need service transport:endpoint instead of \"%.*s\"",
		    STR_ARG(server));
	if (!str_eqc(transport, "inet") && !str_eqc(transport, "unix"))
		return err_temp(e, "4.3.5",
		    "invalid transport name: %.*s in service: %.*s",
		    STR_ARG(transport), STR_ARG(server));
	if (str_eqc(transport, "unix") && *where.p != '/')
		return err_temp(e, "4.3.5",
		    "%.*s: need a path that starts "
		    "with \"/\"",
		    STR_ARG(server));
	peer_init(&s->peer, &kind, where, &m->arena);
	return ST_OK;
}

static enum st socketmap_open(struct map *m, struct err *e)
{
	struct socketmap *s = arena_alloc(&m->arena, sizeof(*s));
	ptrdiff_t colon = str_rfind(m->name, ':');

	if ((m->flags & MAP_NO_UNAUTH) != 0)
		return err_temp(e, "4.3.5",
		    "%.*s map is not allowed for security sensitive data",
		    STR_ARG(m->spec));
	if (colon < 0)
		return err_temp(e, "4.3.5",
		    "socketmap requires server:socketmap argument");
	s->name = str_skip(m->name, (size_t)colon + 1);
	m->state = s;
	return parse_server(s, m, str_head(m->name, (size_t)colon), e);
}

/* --- asking -------------------------------------------------------------- */

static const struct {
	const char *status;
	const char *what; /* is wrong; NULL: nothing */
	enum st st;
} answers[] = {
	{ "OK", NULL, ST_OK },
	{ "NOTFOUND", NULL, ST_NONE },
	{ "TEMP", "temporary", ST_TEMP },
	{ "TIMEOUT", "timeout", ST_TEMP },
	{ "PERM", "permanent", ST_PERM },
};

static enum st refused(const struct map *m, const char *what, struct str text,
    struct err *e)
{
	log_warn("%.*s socketmap server %s error%s%.*s", STR_ARG(m->spec), what,
	    text.n != 0 ? ": " : "", STR_ARG(text));
	return err_temp(e, "4.3.0", "server %s error%s%.*s", what,
	    text.n != 0 ? ": " : "", STR_ARG(text));
}

static enum st answer(const struct map *m, struct str reply, struct buf *val,
    struct err *e)
{
	struct str status, text = nul_cut(reply);
	bool blank = str_cut(&text, ' ', &status);
	size_t i;

	for (i = 0; i < NELEM(answers); i++) {
		if (!str_eqc(status, answers[i].status))
			continue;
		if (answers[i].what != NULL) {
			refused(m, answers[i].what, text, e);
			return answers[i].st == ST_PERM
			    ? err_temp(e, "4.3.5", "table %.*s: query error",
				  STR_ARG(m->spec))
			    : ST_TEMP;
		}
		if (answers[i].st == ST_NONE || !blank)
			return ST_NONE;
		buf_set(val, text);
		return ST_OK;
	}
	return refused(m, "unknown", text, e);
}

static enum st socketmap_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	struct socketmap *s = m->state;
	AUTO_BUF question = BUF_MAX(QUESTION_MAX);
	AUTO_BUF reply = BUF_MAX(REPLY_MAX + 1);

	buf_addf(&question, "%.*s ", STR_ARG(s->name));
	buf_add(&question, key);
	if (question.full)
		return ST_NONE;
	if (peer_ask(&s->peer, buf_str(&question), &reply, e) == ST_OK)
		return answer(m, buf_str(&reply), val, e);
	log_warn("table %.*s lookup error: %s", STR_ARG(m->spec), e->text);
	return ST_TEMP;
}

static void socketmap_close(struct map *m)
{
	struct socketmap *s = m->state;

	peer_close(&s->peer);
}

const struct map_ops map_socketmap_ops = {
	.type = "socketmap",
	.pattern = true,
	.read_only = true,
	.coded = true,
	.open = socketmap_open,
	.get = socketmap_get,
	.close = socketmap_close,
};
