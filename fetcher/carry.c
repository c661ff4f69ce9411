/* carry - header, envelope, body. Runs in: poll child. */

#include "fetcher/carry.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/clock.h"
#include "fetcher/account.h"
#include "fetcher/header.h"
#include "fetcher/headway.h"
#include "fetcher/host.h"
#include "fetcher/report.h"
#include "fetcher/route.h"

/* How often somebody hears that a long message moves. */
#define MOVED_MS 30000

static enum status next_line(struct carry *c, struct str *line, struct err *e)
{
	return c->p->ops->line(c->p, line, e);
}

/* Read what is left, for nobody. */
static enum status drain(struct carry *c, bool more, struct err *e)
{
	struct str line;
	enum status st = PS_NOMAIL;

	while (more && (st = next_line(c, &line, e)) == PS_SUCCESS)
		continue;
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

static enum status too_long(struct carry *c, struct err *e)
{
	enum status st = drain(c, true, e);

	if (st != PS_SUCCESS)
		return st;
	err_temp(e, "", "header of more than %u octets", HEADER_MAX);
	return PS_ERROR;
}

/* All lines up to the empty one. *more: a body follows in the same text. */
static enum status read_header(struct carry *c, struct buf *raw, bool *more,
    struct err *e)
{
	struct str line;
	enum status st;
	bool starts = true;

	while ((st = next_line(c, &line, e)) == PS_SUCCESS) {
		if (starts && (str_eqc(line, "\r\n") || str_eqc(line, "\n"))) {
			*more = true;
			return PS_SUCCESS;
		}
		starts = str_ends(line, STR("\n"));
		if (!buf_add(raw, line))
			return too_long(c, e);
	}
	*more = false;
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

/* The body is a text of its own with some protocols. */
static bool is_apart(const struct carry *c)
{
	return c->p->ops->body != NULL;
}

static enum status open_body(struct carry *c, struct err *e)
{
	enum status st;

	if (!is_apart(c))
		return PS_SUCCESS;
	st = c->p->ops->body(c->p, c->n, e);
	if (st == PS_SUCCESS)
		report_part(" (%llu body octets)",
		    (unsigned long long)c->p->body_octets);
	else
		sink_abort(c->sink);
	return st;
}

/* A line of the body on its way out, decoded when that is wanted. */
static enum fate put_line(struct carry *c, struct str line)
{
	AUTO_BUF plain = BUF_MAX(4 * CONN_LINE_MAX);

	report_line_moved(line.n);
	headway_moved(line.n);
	if (!c->qp)
		return sink_text(c->sink, line);
	mime_qp_add(&c->decoder, line, &plain);
	return sink_text(c->sink, buf_str(&plain));
}

static enum fate put_end(struct carry *c)
{
	AUTO_BUF plain = BUF_MAX(4 * CONN_LINE_MAX);
	enum fate fate = FATE_TAKEN;

	if (c->qp) {
		mime_qp_end(&c->decoder, &plain);
		fate = sink_text(c->sink, buf_str(&plain));
	}
	return fate == FATE_TAKEN ? sink_end(c->sink) : fate;
}

static enum status hand_body(struct carry *c, bool more, enum fate *fate,
    struct err *e)
{
	int64_t moved = clock_ms();
	struct str line;
	enum status st = PS_NOMAIL;

	while (more && (st = next_line(c, &line, e)) == PS_SUCCESS) {
		if (clock_ms() - moved > MOVED_MS) {
			moved = clock_ms();
			c->moved(c->arg);
		}
		*fate = put_line(c, line);
		if (*fate != FATE_TAKEN)
			return PS_SUCCESS;
	}
	if (st != PS_NOMAIL) {
		sink_abort(c->sink);
		return st;
	}
	*fate = put_end(c);
	return PS_SUCCESS;
}

static void add_for(const struct sink_accepted *ok, bool multidrop,
    struct buf *out)
{
	if (ok->by_default)
		buf_addf(out, "for <%s> (by default); ", ok->rcpt);
	else if (ok->n == 1)
		buf_addf(out, "for <%s> (%s); ", ok->rcpt,
		    multidrop ? "multi-drop" : "single-drop");
}

static void add_trace(const struct carry *c, struct buf *out)
{
	buf_addf(out, " polling %s account %s", c->a->label, c->a->user);
	if (c->folder != NULL)
		buf_addf(out, " folder %s", c->folder);
}

/* Our hop: RFC 5321 4.4, in the words of fetchmail. */
static void make_received(struct carry *c, bool multidrop, struct buf *out)
{
	bool dns = opt_flag(&c->a->o, OPT_DNS);
	const char *name =
	    strcmp(report_prog(), "fetchmail") == 0 ? "fetchmail" : "fetcher";

	if (opt_flag(c->a->global, OPT_INVISIBLE))
		return;
	buf_addf(out, "Received: from %s", c->truename);
	/* As fetchmail does it: not for the later users of a server. */
	if (dns && c->a->number_in_record == 0 &&
	    conn_peer(c->p->conn)[0] != '\0')
		buf_addf(out, " [%s]", conn_peer(c->p->conn));
	buf_addf(out, "\r\n\tby %s with %s (%s-%s", host_fqdn(),
	    c->p->ops->name, name, PACKAGE_VERSION);
	if (opt_flag(&c->a->o, OPT_TRACEPOLLS))
		add_trace(c, out);
	buf_addc(out, ")\r\n\t");
	add_for(&c->sink->accepted, multidrop, out);
	clock_add_date(out, clock_seconds());
	buf_addc(out, "\r\n");
}

static int body_bits(struct carry *c, struct str raw)
{
	AUTO_BUF value = BUF_MAX(HEADER_MAX);

	if (opt_flag(&c->a->o, OPT_PASS8BITS))
		return 8;
	if (!header_get(raw, "Content-Transfer-Encoding", &value))
		return header_get(raw, "Content-Type", &value) &&
			str_istarts(buf_str(&value), STR("multipart/"))
		    ? 8 /* what its parts have */
		    : 0;
	return str_ieqc(buf_str(&value), "8bit") ? 8
	    : str_ieqc(buf_str(&value), "7bit")  ? 7
						 : 0;
}

static void make_headerless(struct carry *c, struct buf *raw)
{
	buf_addf(raw,
	    "From: FETCHMAIL-DAEMON\r\nTo: %s@%s\r\n"
	    "Subject: Headerless mail from %s's mailbox on %s\r\n",
	    calling_user(), host_fqdn(), c->a->user, c->truename);
}

static enum fate hand_header(struct carry *c, struct str raw,
    const struct header_rules *rules, const struct route *route)
{
	AUTO_BUF received = BUF_MAX(4096);
	AUTO_BUF out = BUF_MAX(HEADER_MAX + 8192);
	enum fate fate;

	make_received(c, route->multidrop, &received);
	header_rewrite(raw, rules, buf_str(&received), &out);
	fate = sink_text(c->sink, buf_str(&out));
	if (fate == FATE_TAKEN && (out.n == 0 || out.p[out.n - 1] != '\n'))
		fate = sink_text(c->sink, STR("\r\n"));
	if (fate == FATE_TAKEN && route->warning != NULL) {
		buf_setf(&out, "X-Fetchmail-Warning: %s\r\n", route->warning);
		fate = sink_text(c->sink, buf_str(&out));
	}
	return fate == FATE_TAKEN ? sink_text(c->sink, STR("\r\n")) : fate;
}

/* bad-header reject, the default; without softbounce that would lose it. */
static bool is_rejected(struct carry *c, struct str raw)
{
	if (opt_flag(&c->a->o, OPT_BADHEADER) ||
	    !opt_flag(c->a->global, OPT_SOFTBOUNCE) || !header_is_bad(raw))
		return false;
	report_error("incorrect header line found - see manpage for "
		     "bad-header option");
	return true;
}

/*
 * A mailing list's second copy: the same header and size as the message
 * before, when nothing but its header says who it is for.
 */
static bool is_copy(struct carry *c, struct str raw, const struct route *route)
{
	AUTO_BUF id = BUF_MAX(HEADER_MAX);
	struct carry_last now = { .size = c->size, .set = true };
	bool same;

	if (!route->multidrop || route->by_envelope ||
	    !header_get(raw, "Message-ID", &id))
		return false;
	if (EVP_Digest(raw.p, raw.n, now.digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	same = c->last->set && c->last->size == now.size &&
	    memcmp(c->last->digest, now.digest, sizeof(now.digest)) == 0;
	*c->last = now;
	return same;
}

static bool is_alias(const char *domain, const char *host, void *arg)
{
	const struct account *a = arg;

	return host_is_alias(domain, host, opt_flag(&a->o, OPT_CHECKALIAS));
}

/* Envelope, header, body. */
static enum status hand_over(struct carry *c, struct str raw,
    const struct route *route, bool more, enum fate *fate, struct err *e)
{
	AUTO_BUF sender = BUF_MAX(ADDRESS_MAX);
	AUTO_BUF decoded = BUF_MAX(HEADER_MAX);
	struct str shown = raw;
	struct header_rules rules = { .user = c->a->user,
		.truename = c->truename,
		.keep_return_path = c->sink->ops->keeps_return_path,
		.drop_status = opt_flag(&c->a->o, OPT_DROPSTATUS),
		.drop_delivered = opt_flag(&c->a->o, OPT_DROPDELIVERED),
		.rewrite = opt_flag(&c->a->o, OPT_REWRITE) && !c->headerless };
	struct sink_mail m = { .size = c->size,
		.rcpt = route->rcpt,
		.rcpt_n = route->n,
		.header = raw,
		.notices = c->notices,
		.ticket = c->ticket };
	enum status st;

	header_sender(c->headerless ? STR_NONE : raw, &rules, &sender);
	m.sender = buf_c(&sender);
	if (opt_flag(&c->a->o, OPT_MIMEDECODE)) {
		c->qp = header_is_qp(raw);
		header_decode(raw, c->qp, &decoded);
		shown = buf_str(&decoded);
	}
	m.body_bits = body_bits(c, shown);
	*fate = sink_begin(c->sink, &m);
	if (*fate == FATE_TAKEN)
		*fate = hand_header(c, shown, &rules, route);
	else if (*fate != FATE_DOWN && *fate != FATE_BROKEN)
		return drain(c, more, e);
	if (*fate != FATE_TAKEN)
		return PS_SUCCESS;
	st = open_body(c, e);
	if (st != PS_SUCCESS)
		return st;
	return hand_body(c, more || is_apart(c), fate, e);
}

static enum status route_and_hand(struct carry *c, struct str raw, bool more,
    enum fate *fate, struct err *e)
{
	bool dns = opt_flag(&c->a->o, OPT_DNS);
	struct account *a = (struct account *)c->a;
	struct route route = { 0 };
	enum status st;

	route_message(&route, c->a, raw, host_postmaster(c->a),
	    dns ? is_alias : NULL, a);
	if (is_copy(c, raw, &route)) {
		*fate = FATE_TAKEN;
		st = drain(c, more, e);
	} else {
		st = hand_over(c, raw, &route, more, fate, e);
		if (st != PS_SUCCESS ||
		    (*fate != FATE_TAKEN && *fate != FATE_PENDING))
			c->last->set = false;
	}
	arena_clear(&route.arena);
	return st;
}

enum status carry_message(struct carry *c, enum fate *fate, struct err *e)
{
	AUTO_BUF raw = BUF_MAX(HEADER_MAX);
	bool more;
	enum status st = read_header(c, &raw, &more, e);

	*fate = FATE_KEEP;
	if (st == PS_SUCCESS && is_apart(c)) {
		st = drain(c, more, e);
		more = false;
	}
	if (st != PS_SUCCESS)
		return st;
	if (is_rejected(c, buf_str(&raw)))
		return drain(c, more, e);
	report_header_moved(raw.n);
	headway_moved(raw.n);
	c->headerless = raw.n == 0;
	if (c->headerless)
		make_headerless(c, &raw);
	st = route_and_hand(c, buf_str(&raw), more, fate, e);
	buf_clear(&c->decoder.hold);
	return st;
}
