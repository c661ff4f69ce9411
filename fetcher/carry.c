/* carry - header, envelope, body. Runs in: poll child. */

#include "fetcher/carry.h"

#include <string.h>

#include "base/clock.h"
#include "fetcher/account.h"
#include "fetcher/header.h"
#include "fetcher/host.h"
#include "fetcher/report.h"

/* All lines up to the empty one. *more: a body follows. */
static enum status read_header(struct carry *c, struct buf *raw, bool *more,
    struct err *e)
{
	struct str line;
	enum status st;
	bool starts = true;

	while ((st = pop3_line(c->p, &line, e)) == PS_SUCCESS) {
		if (starts && (str_eqc(line, "\r\n") || str_eqc(line, "\n"))) {
			*more = true;
			return PS_SUCCESS;
		}
		starts = str_ends(line, STR("\n"));
		if (!buf_add(raw, line)) {
			err_temp(e, "", "header of more than %u octets",
			    HEADER_MAX);
			return PS_ERROR;
		}
	}
	*more = false;
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

/* Read what is left, for nobody. */
static enum status drain(struct carry *c, bool more, struct err *e)
{
	struct str line;
	enum status st = PS_NOMAIL;

	while (more && (st = pop3_line(c->p, &line, e)) == PS_SUCCESS)
		continue;
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

static enum status hand_body(struct carry *c, bool more, enum fate *fate,
    struct err *e)
{
	struct str line;
	enum status st = PS_NOMAIL;

	while (more && (st = pop3_line(c->p, &line, e)) == PS_SUCCESS) {
		*fate = sink_text(c->sink, line);
		if (*fate != FATE_TAKEN)
			return PS_SUCCESS;
	}
	if (st != PS_NOMAIL) {
		sink_abort(c->sink);
		return st;
	}
	*fate = sink_end(c->sink);
	return PS_SUCCESS;
}

/* Postfix-like words for our hop; RFC 5321 4.4. */
static void make_received(struct carry *c, struct buf *out)
{
	bool by_default;
	const char *rcpt = sink_accepted(c->sink, &by_default);
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
	buf_addf(out, "\r\n\tby %s with POP3 (%s-%s", host_fqdn(), name,
	    PACKAGE_VERSION);
	if (opt_flag(&c->a->o, OPT_TRACEPOLLS))
		buf_addf(out, " polling %s account %s", c->a->label,
		    c->a->user);
	buf_addf(out, ")\r\n\tfor <%s> (%s); ", rcpt,
	    by_default ? "by default" : "single-drop");
	clock_add_date(out, clock_seconds());
	buf_addc(out, "\r\n");
}

static int body_bits(struct carry *c, struct str raw)
{
	AUTO_BUF value = BUF_MAX(HEADER_MAX);

	if (opt_flag(&c->a->o, OPT_PASS8BITS))
		return 8;
	if (!header_get(raw, "Content-Transfer-Encoding", &value))
		return 0;
	return str_ieqc(buf_str(&value), "8bit") ? 8
	    : str_ieqc(buf_str(&value), "7bit")  ? 7
						 : 0;
}

static void make_headerless(struct carry *c, struct buf *raw)
{
	buf_addf(raw,
	    "From: FETCHMAIL-DAEMON\r\nTo: %s@%s\r\n"
	    "Subject: Headerless mail from %s's mailbox on %s\r\n",
	    c->a->user, c->truename, c->a->user, c->truename);
}

static enum fate hand_header(struct carry *c, struct str raw,
    const struct header_rules *rules)
{
	AUTO_BUF received = BUF_MAX(4096);
	AUTO_BUF out = BUF_MAX(HEADER_MAX + 8192);
	enum fate fate;

	make_received(c, &received);
	header_rewrite(raw, rules, buf_str(&received), &out);
	fate = sink_text(c->sink, buf_str(&out));
	if (fate == FATE_TAKEN && (out.n == 0 || out.p[out.n - 1] != '\n'))
		fate = sink_text(c->sink, STR("\r\n"));
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

enum status carry_message(struct carry *c, enum fate *fate, struct err *e)
{
	AUTO_BUF raw = BUF_MAX(HEADER_MAX);
	AUTO_BUF sender = BUF_MAX(ADDRESS_MAX);
	struct header_rules rules = { .user = c->a->user,
		.truename = c->truename,
		.drop_status = opt_flag(&c->a->o, OPT_DROPSTATUS),
		.drop_delivered = opt_flag(&c->a->o, OPT_DROPDELIVERED),
		.rewrite = opt_flag(&c->a->o, OPT_REWRITE) };
	struct sink_mail m = { .size = c->size };
	bool more;
	enum status st = read_header(c, &raw, &more, e);

	*fate = FATE_KEEP;
	if (st != PS_SUCCESS)
		return st;
	if (is_rejected(c, buf_str(&raw)))
		return drain(c, more, e);
	if (raw.n == 0)
		make_headerless(c, &raw);
	header_sender(buf_str(&raw), &rules, &sender);
	m.sender = buf_c(&sender);
	m.body_bits = body_bits(c, buf_str(&raw));
	m.header = buf_str(&raw);
	*fate = sink_begin(c->sink, &m);
	if (*fate != FATE_TAKEN)
		return *fate == FATE_DOWN ? PS_SUCCESS : drain(c, more, e);
	*fate = hand_header(c, buf_str(&raw), &rules);
	if (*fate != FATE_TAKEN)
		return PS_SUCCESS;
	return hand_body(c, more, fate, e);
}
