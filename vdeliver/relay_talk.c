/*
 * relay_talk - one message to relayhost.
 * Runs in: relay.
 *
 *	connect, greeting, EHLO [STARTTLS, EHLO]   fails: the next place
 *	MAIL, RCPT ... DATA, text, final dot       fails: so do the targets
 */

#include "vdeliver/relay_talk.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "vdeliver/relay_qp.h"
#include "vdeliver/relay_reply.h"
#include "vdeliver/relay_sasl.h"
#include "vdeliver/relay_text.h"
#include "vdeliver/relay_tls.h"
#include "vdeliver/wire.h"

/* RCPTs that are on their way without an answer. */
#define WINDOW 50
/* How often a transaction begins anew without the groups that failed. */
#define ROUNDS 4

struct talk {
	const struct settings *set;
	const struct relay_tls *tls; /* NULL: none, or not this time */
	struct relay_mail *m;
	struct smtp_client c;
	struct smtp_reply r;
	char name[300]; /* "HOST[ADDRESS]" */
	char host[256];
	char login[RELAY_LOGIN_MAX + 1]; /* "user:password"; empty: none */
	const char *doing;
	struct relay_facts facts;
	struct relay_fold fold;
	struct relay_qp *qp; /* NULL: the text goes out as it is */
	bool tls_failed;     /* the handshake did */
};

/* --- what replies and silence mean --------------------------------------- */

/* It does not want us; another place may. */
static enum st refused(struct talk *t, struct err *e)
{
	char dsn[10], line[300];

	relay_reply_dsn(&t->r, t->r.code / 100 == 5 ? '5' : '4', dsn);
	dsn[0] = '4';
	/* A 554 greeting stands for "not now", RFC 5321 3.1 notwithstanding. */
	return err_temp(e, dsn, "host %s refused to talk to me: %s", t->name,
	    relay_reply_line(&t->r, line));
}

/* The connection is of no more use: say what was being done. */
static enum st lost(struct talk *t, struct err *e)
{
	struct err why = *e;

	if (conn_timed_out(t->c.conn))
		return err_temp(e, "4.4.2",
		    "conversation with %s timed out while %s", t->name,
		    t->doing);
	if (strcmp(why.dsn, "4.5.0") == 0)
		return err_temp(e, "4.5.0", "host %s, while %s: %s", t->name,
		    t->doing, why.text);
	if (strcmp(why.dsn, "4.3.0") == 0)
		return ST_TEMP; /* ours: the text says it */
	return err_temp(e, "4.4.2", "lost connection with %s while %s", t->name,
	    t->doing);
}

static void settle(struct relay_target *g, enum st st, unsigned code,
    const struct err *e)
{
	if (g->settled)
		return;
	g->settled = true;
	g->st = st;
	g->code = code;
	g->err = *e;
}

static void settle_all(struct relay_mail *m, enum st st, unsigned code,
    const struct err *e)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		settle(&m->targets[i], st, code, e);
}

/* The command was refused, and with it all that is left. */
static void refuse_all(struct talk *t, const char *command)
{
	struct err e;
	enum st st = relay_outcome(&t->r, t->name, command, &e);

	settle_all(t->m, st, relay_reply_code(&t->r), &e);
}

static void begin(struct talk *t, const char *doing, int64_t timeout_s)
{
	t->doing = doing;
	conn_set_timeout(t->c.conn, timeout_s * 1000);
}

/* --- the start of a session ---------------------------------------------- */

static enum st hello(struct talk *t, struct err *e)
{
	begin(t, "performing the EHLO handshake", t->set->smtp_helo_timeout);
	if (smtp_hello(&t->c, t->set->smtp_helo_name, &t->r, e) != ST_OK)
		return lost(t, e);
	return t->r.code / 100 == 2 ? ST_OK : refused(t, e);
}

static enum st handshake(struct talk *t, struct err *e)
{
	struct err why;

	begin(t, "performing the TLS handshake", t->set->smtp_starttls_timeout);
	if (relay_tls_start(t->tls, t->c.conn, t->host, &why) == ST_OK)
		return ST_OK;
	t->tls_failed = true;
	return err_temp(e, "4.7.5", "Cannot start TLS with %s: %s", t->name,
	    why.text);
}

static enum st starttls(struct talk *t, struct err *e)
{
	bool must = t->set->relay_level >= RELAY_TLS_ENCRYPT;
	char line[300];

	if (t->tls == NULL || conn_is_tls(t->c.conn))
		return ST_OK;
	if (!(t->c.features & SMTP_STARTTLS))
		return !must ? ST_OK
			     : err_temp(e, "4.7.4",
				   "TLS is required, but was not offered by "
				   "host %s",
				   t->name);
	begin(t, "performing the STARTTLS handshake",
	    t->set->smtp_starttls_timeout);
	if (smtp_command(&t->c, &t->r, e, "STARTTLS") != ST_OK)
		return lost(t, e);
	if (t->r.code / 100 != 2)
		return !must ? ST_OK
			     : err_temp(e, "4.7.4",
				   "TLS is required, but host %s refused to "
				   "start TLS: %s",
				   t->name, relay_reply_line(&t->r, line));
	return handshake(t, e) == ST_OK ? hello(t, e) : ST_TEMP;
}

/* As in Postfix, a server that asks for no login gets none. */
static enum st authenticate(struct talk *t, struct err *e)
{
	char dsn[10], line[300];
	enum st st;

	if (t->login[0] == '\0' || !(t->c.features & SMTP_AUTH))
		return ST_OK;
	begin(t, "performing SASL authentication", t->set->smtp_helo_timeout);
	st = relay_sasl_log_in(t->set, &t->c, t->login, &t->r, e);
	if (st == ST_NONE)
		return err_temp(e, "4.7.0",
		    "SASL authentication failed: server %s offered no "
		    "compatible authentication mechanisms for this type of "
		    "connection security",
		    t->name);
	if (st != ST_OK)
		return lost(t, e);
	if (t->r.code / 100 == 2)
		return ST_OK;
	relay_reply_dsn(&t->r, t->r.code / 100 == 5 ? '5' : '4', dsn);
	dsn[0] = '4'; /* our trouble, not the sender's */
	return err_temp(e, dsn,
	    "SASL authentication failed; server %s said: %s", t->name,
	    relay_reply_line(&t->r, line));
}

static enum st greet(struct talk *t, struct err *e)
{
	if (t->tls != NULL && t->set->smtp_tls_wrappermode &&
	    handshake(t, e) != ST_OK)
		return ST_TEMP;
	begin(t, "receiving the initial server greeting",
	    t->set->smtp_helo_timeout);
	if (smtp_read(&t->c, &t->r, e) != ST_OK)
		return lost(t, e);
	if (t->r.code / 100 != 2)
		return refused(t, e);
	if (hello(t, e) != ST_OK || starttls(t, e) != ST_OK)
		return ST_TEMP;
	return authenticate(t, e);
}

/* --- the envelope -------------------------------------------------------- */

static enum st mail(struct talk *t, struct err *e)
{
	AUTO_BUF opts = BUF_MAX(1000);
	const struct relay_mail *m = t->m;
	unsigned has = t->c.features;

	if (has & SMTP_SIZE)
		buf_addf(&opts, " SIZE=%ju",
		    (uintmax_t)m->size + t->facts.lines);
	if ((has & SMTP_8BITMIME) && (m->flags & WF_8BIT))
		buf_addc(&opts, " BODY=8BITMIME");
	if ((has & SMTP_UTF8) && (m->flags & WF_UTF8))
		buf_addc(&opts, " SMTPUTF8");
	if ((has & SMTP_DSN) && m->envid.n != 0)
		buf_addf(&opts, " ENVID=%.*s", STR_ARG(m->envid));
	if ((has & SMTP_DSN) && m->ret.n != 0)
		buf_addf(&opts, " RET=%.*s", STR_ARG(m->ret));
	begin(t, "sending MAIL FROM", t->set->smtp_mail_timeout);
	if (smtp_command(&t->c, &t->r, e, "MAIL FROM:<%.*s>%s",
		STR_ARG(m->sender), buf_c(&opts)) != ST_OK)
		return lost(t, e);
	if (t->r.code / 100 == 2)
		return ST_OK;
	refuse_all(t, "MAIL FROM");
	return ST_NONE;
}

static enum st send_rcpt(struct talk *t, const struct relay_target *g,
    struct err *e)
{
	AUTO_BUF opts = BUF_MAX(10000);

	if ((t->c.features & SMTP_DSN) && g->orcpt.n != 0 &&
	    relay_text_is_ascii(g->orcpt)) {
		buf_addc(&opts, " ORCPT=rfc822;");
		relay_text_add_x(&opts, g->orcpt);
	}
	if ((t->c.features & SMTP_DSN) && g->notify.n != 0)
		buf_addf(&opts, " NOTIFY=%.*s", STR_ARG(g->notify));
	return smtp_send(&t->c, e, "RCPT TO:<%.*s>%s", STR_ARG(g->address),
	    buf_c(&opts));
}

static enum st read_rcpt(struct talk *t, struct relay_target *g, struct err *e)
{
	struct err why;
	enum st st;

	if (smtp_read(&t->c, &t->r, e) != ST_OK)
		return ST_TEMP;
	g->accepted = t->r.code / 100 == 2;
	if (g->accepted)
		return ST_OK;
	st = relay_outcome(&t->r, t->name, "RCPT TO", &why);
	settle(g, st, relay_reply_code(&t->r), &why);
	return ST_OK;
}

static struct relay_target *next_target(struct relay_mail *m, size_t *at)
{
	while (*at < m->n)
		if (!m->targets[(*at)++].settled)
			return &m->targets[*at - 1];
	return NULL;
}

/* A window of RCPTs is sent ahead of the replies. RFC 2920. */
static enum st recipients(struct talk *t, struct err *e)
{
	size_t window = t->c.features & SMTP_PIPELINING ? WINDOW : 1;
	struct relay_target *flying[WINDOW], *g;
	size_t at = 0, n, i;

	begin(t, "sending RCPT TO", t->set->smtp_rcpt_timeout);
	do {
		for (n = 0; n < window && (g = next_target(t->m, &at)); n++) {
			flying[n] = g;
			if (send_rcpt(t, g, e) != ST_OK)
				return lost(t, e);
		}
		if (conn_flush(t->c.conn, e) != ST_OK)
			return lost(t, e);
		for (i = 0; i < n; i++)
			if (read_rcpt(t, flying[i], e) != ST_OK)
				return lost(t, e);
	} while (n != 0);
	return ST_OK;
}

static const struct relay_target *failed_in(const struct relay_mail *m,
    uint32_t group)
{
	const struct relay_target *g, *worst = NULL;

	for (g = m->targets; g < m->targets + m->n; g++)
		if (g->settled && g->group == group && g->st != ST_OK &&
		    (worst == NULL || st_worse(worst->st, g->st) != worst->st))
			worst = g;
	return worst;
}

/* Targets whose group has failed fail as well: how many were accepted. */
static size_t drop_groups(struct relay_mail *m, size_t *left)
{
	const struct relay_target *why;
	struct relay_target *g;
	size_t dropped = 0;

	*left = 0;
	for (g = m->targets; g < m->targets + m->n; g++) {
		if (g->settled)
			continue;
		why = failed_in(m, g->group);
		if (why != NULL) {
			dropped++;
			settle(g, why->st, why->code, &why->err);
		} else {
			++*left;
		}
	}
	return dropped;
}

/* ST_NONE: nothing is left to be sent. */
static enum st envelope(struct talk *t, struct err *e)
{
	size_t left;
	enum st st;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		st = mail(t, e);
		if (st == ST_OK)
			st = recipients(t, e);
		if (st != ST_OK)
			return st;
		if (drop_groups(t->m, &left) == 0)
			return left != 0 ? ST_OK : ST_NONE;
		if (left == 0)
			return ST_NONE;
		begin(t, "sending RSET", t->set->smtp_mail_timeout);
		if (smtp_command(&t->c, &t->r, e, "RSET") != ST_OK)
			return lost(t, e);
	}
	return err_temp(e, "4.5.3",
	    "host %s refuses other recipients each time", t->name);
}

/* --- the text ------------------------------------------------------------ */

static enum st send_lines(struct talk *t, struct str text, struct err *e)
{
	bool was = t->fold.folded;
	struct str part;

	while (relay_fold_next(&t->fold, &text, &part))
		if (smtp_text(&t->c, part, e) != ST_OK)
			return ST_TEMP;
	if (t->fold.folded && !was)
		log_info("%.*s: breaking line > %zu bytes with <CR><LF>SPACE",
		    STR_ARG(t->m->qid), t->fold.max);
	return ST_OK;
}

static enum st send_piece(struct str piece, void *arg, struct err *e)
{
	AUTO_BUF out = BUF_MAX(4 * piece.n + RELAY_QP_MORE);
	struct talk *t = arg;

	if (t->qp == NULL)
		return send_lines(t, piece, e);
	relay_qp_add(t->qp, piece, &out);
	return send_lines(t, buf_str(&out), e);
}

/* RFC 6152 3: what is not understood there is made 7 bits. */
static enum st send_body(struct talk *t, struct err *e)
{
	AUTO_BUF rest = BUF_MAX(RELAY_QP_MORE);
	struct relay_qp qp;
	enum st st;

	relay_qp_begin(&qp);
	if ((t->m->flags & WF_8BIT) && !(t->c.features & SMTP_8BITMIME))
		t->qp = &qp;
	st = relay_text_read(t->m->body, t->m->fd, send_piece, t, e);
	if (t->qp != NULL)
		relay_qp_end(&qp, &rest);
	relay_qp_clear(&qp);
	t->qp = NULL;
	return st == ST_OK ? send_lines(t, buf_str(&rest), e) : st;
}

static enum st send_text(struct talk *t, struct err *e)
{
	int64_t limit = t->set->smtp_line_length_limit;

	t->fold = (struct relay_fold){ .max = limit > 1 ? (size_t)limit : 0 };
	begin(t, "sending message body", t->set->smtp_data_xfer_timeout);
	smtp_text_begin(&t->c);
	if (send_body(t, e) != ST_OK || smtp_text_end(&t->c, e) != ST_OK)
		return lost(t, e);
	begin(t, "sending end of data -- message may be sent more than once",
	    t->set->smtp_data_done_timeout);
	return smtp_read(&t->c, &t->r, e) == ST_OK ? ST_OK : lost(t, e);
}

static void accept_all(struct talk *t)
{
	char dsn[10], line[300];
	struct err e;

	relay_reply_dsn(&t->r, '2', dsn);
	err_temp(&e, dsn, "%s", relay_reply_line(&t->r, line));
	settle_all(t->m, ST_OK, 0, &e);
}

static enum st data(struct talk *t, struct err *e)
{
	begin(t, "sending DATA command", t->set->smtp_data_init_timeout);
	if (smtp_command(&t->c, &t->r, e, "DATA") != ST_OK)
		return lost(t, e);
	if (t->r.code / 100 != 3) {
		refuse_all(t, "DATA");
		return ST_OK;
	}
	if (send_text(t, e) != ST_OK)
		return ST_TEMP;
	if (t->r.code / 100 == 2)
		accept_all(t);
	else
		refuse_all(t, "end of DATA");
	return ST_OK;
}

/* --- a session ----------------------------------------------------------- */

/* RFC 6531 3.5: what has to be said in UTF-8 cannot be said otherwise. */
static bool lacks_utf8(const struct talk *t)
{
	const struct relay_mail *m = t->m;
	bool needs = t->facts.header_8bit || !relay_text_is_ascii(m->sender);
	size_t i;

	for (i = 0; i < m->n; i++)
		needs |= !relay_text_is_ascii(m->targets[i].address);
	return needs && (m->flags & WF_UTF8) && !(t->c.features & SMTP_UTF8);
}

/* From here on the targets have an outcome, whatever happens. */
static void transaction(struct talk *t)
{
	struct err e = { "", "" };
	enum st st;

	if (lacks_utf8(t)) {
		err_perm(&e, "5.6.7",
		    "SMTPUTF8 is required, but was not offered by host %s",
		    t->name);
		settle_all(t->m, ST_PERM, 0, &e);
	}
	st = t->m->targets[0].settled ? ST_NONE : envelope(t, &e);
	if (st == ST_OK)
		st = data(t, &e);
	if (st == ST_TEMP)
		settle_all(t->m, ST_TEMP, 0, &e);
	/* Nobody waits for its answer. */
	if (st != ST_TEMP && smtp_send(&t->c, &e, "QUIT") == ST_OK &&
	    conn_flush(t->c.conn, &e) != ST_OK)
		log_info("%.*s: %s after the message", STR_ARG(t->m->qid),
		    e.text);
}

static enum st session(struct talk *t, struct conn *conn, int64_t began,
    struct err *e)
{
	enum st st;

	t->c = (struct smtp_client){ .conn = conn };
	t->r = (struct smtp_reply)SMTP_REPLY;
	t->facts = (struct relay_facts){ .empty = true };
	conn_set_deadline(conn, t->m->deadline);
	st = relay_text_read(t->m->body, t->m->fd, relay_facts_add, &t->facts,
	    e);
	if (st == ST_OK)
		st = greet(t, e);
	t->m->connect_ms = clock_ms() - began;
	if (st == ST_OK)
		transaction(t);
	smtp_client_clear(&t->c);
	smtp_reply_clear(&t->r);
	return st;
}

enum st relay_mail_over(const struct settings *set, const struct relay_tls *tls,
    struct conn *conn, struct relay_mail *m, struct err *e)
{
	struct talk t = { .set = set, .tls = tls, .m = m };

	snprintf(t.login, sizeof(t.login), "%s",
	    m->login != NULL ? m->login : "");
	snprintf(t.host, sizeof(t.host), "relay.test");
	snprintf(t.name, sizeof(t.name), "relay.test[%s]", conn_peer(conn));
	return session(&t, conn, clock_ms(), e);
}

/* --- places -------------------------------------------------------------- */

static enum st try_place(struct talk *t, const char *addr, unsigned port,
    struct err *e)
{
	int64_t began = clock_ms(), left = clock_left(t->m->deadline);
	int64_t ms = t->set->smtp_connect_timeout * 1000;
	struct conn *conn;
	enum st st;

	/* 0: as long as the system takes, that is. */
	if (ms == 0 || ms > left)
		ms = left;
	if (conn_open_at(&conn, addr, port, t->host, ms, e) != ST_OK) {
		struct err why = *e;

		err_temp(e, "4.4.1", "connect to %s:%u: %s", t->name, port,
		    why.text);
		log_info("%s", e->text);
		return ST_TEMP;
	}
	snprintf(t->m->place, sizeof(t->m->place), "%s:%u", t->name, port);
	st = session(t, conn, began, e);
	conn_close(conn);
	if (st != ST_OK)
		log_info("%.*s: %s", STR_ARG(t->m->qid), e->text);
	return st;
}

/* With "may", TLS that does not work is no reason to keep the mail. */
static enum st try_both(struct talk *t, const char *addr, unsigned port,
    struct err *e)
{
	const struct relay_tls *tls = t->tls;
	enum st st = try_place(t, addr, port, e);

	if (st == ST_OK || !t->tls_failed ||
	    t->set->relay_level != RELAY_TLS_MAY)
		return st;
	t->tls = NULL;
	st = try_place(t, addr, port, e);
	t->tls = tls;
	return st;
}

static bool parse_place(struct talk *t, struct str line, char addr[64],
    unsigned *port)
{
	struct str host, address, number, login;
	uint64_t v;

	if (!str_word(&line, " ", &host) || !str_word(&line, " ", &address) ||
	    !str_word(&line, " ", &number) || !num_u64(number, 65535, &v) ||
	    host.n >= sizeof(t->host) || address.n >= 64)
		return false;
	snprintf(t->host, sizeof(t->host), "%.*s", STR_ARG(host));
	snprintf(addr, 64, "%.*s", STR_ARG(address));
	snprintf(t->name, sizeof(t->name), "%.200s[%s]", t->host, addr);
	*port = (unsigned)v;
	t->login[0] = '\0';
	return !str_word(&line, " ", &login) ||
	    relay_sasl_parse(login, t->login);
}

void relay_mail(const struct settings *set, const struct relay_tls *tls,
    struct str places, struct relay_mail *m)
{
	struct talk t = { .set = set, .tls = tls, .m = m };
	struct err e;
	struct str line;
	bool more = true;
	char addr[64];
	unsigned port;

	snprintf(m->place, sizeof(m->place), "none");
	err_temp(&e, "4.4.2", "no time is left to talk to relayhost");
	while (more && clock_left(m->deadline) > 0) {
		more = str_cut(&places, '\n', &line);
		if (!parse_place(&t, line, addr, &port))
			continue;
		t.tls_failed = false;
		if (try_both(&t, addr, port, &e) == ST_OK)
			return;
	}
	settle_all(m, ST_TEMP, 0, &e);
}
