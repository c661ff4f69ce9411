/* ask - ETRN and ODMR. Runs in: poll child. */

#include "fetcher/ask.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fetcher/host.h"
#include "fetcher/report.h"
#include "fetcher/server.h"
#include "fetcher/told.h"
#include "mail/smtp_client.h"

#define STEP_MS 60000

struct ask {
	const struct account *a;
	const struct poll_how *how;
	struct smtp_client c;
	struct smtp_reply reply;
};

static void trace(char way, struct str line, void *arg UNUSED)
{
	report_dialogue("SMTP", way, line);
}

/* --- the session ---------------------------------------------------------------- */

static enum status refused(struct ask *s, const char *what, struct err *e)
{
	err_temp(e, "", "%s: %d %s", what, s->reply.code,
	    buf_c(&s->reply.text));
	return PS_PROTOCOL;
}

static enum status greet(struct ask *s, const char *name, const char *port,
    struct err *e)
{
	enum status st = server_connect(s->a, name, port, &s->c.conn, e);

	if (st == PS_SUCCESS && opt_flag(&s->a->o, OPT_SSL))
		st = server_wrap(s->a, s->c.conn, e);
	if (st != PS_SUCCESS)
		return st;
	if (smtp_read(&s->c, &s->reply, e) != ST_OK)
		return PS_SOCKET;
	if (s->reply.code / 100 != 2)
		return refused(s, "greeting", e);
	if (smtp_hello(&s->c, host_fqdn(), &s->reply, e) != ST_OK)
		return PS_SOCKET;
	return s->reply.code / 100 == 2 ? PS_SUCCESS : refused(s, "EHLO", e);
}

static void say_goodbye(struct ask *s)
{
	struct err e;

	if (smtp_command(&s->c, &s->reply, &e, "QUIT") != ST_OK)
		report_dialogue("SMTP", '<', STR("(no answer to QUIT)"));
}

/* --- ETRN ------------------------------------------------------------------------- */

/* Is it among the lines of the answer to EHLO? */
static bool offers(const struct ask *s, const char *word)
{
	struct str rest = buf_str(&s->reply.text), line, first;

	while (rest.n != 0) {
		str_cut(&rest, '\n', &line);
		if (str_word(&line, " ", &first) && str_ieqc(first, word))
			return true;
	}
	return false;
}

/* RFC 1985 5.1; what is not here is PS_PROTOCOL. */
static const struct {
	int code;
	enum status st;
	const char *before, *after; /* of the domain */
	bool text;                  /* and the server's words */
} etrn_rows[] = {
	{ 250, PS_SUCCESS, "Queuing for ", " started", false },
	{ 251, PS_SUCCESS, "No messages waiting for ", "", false },
	{ 252, PS_SUCCESS, "Pending messages for ", " started", false },
	{ 253, PS_SUCCESS, "Pending messages for ", " started: ", true },
	{ 458, PS_PROTOCOL, "Unable to queue messages for node ", ": ", true },
	{ 459, PS_AUTHFAIL, "Node ", " not allowed: ", true },
	{ 500, PS_PROTOCOL, "ETRN syntax error for ", ": ", true },
	{ 501, PS_PROTOCOL, "ETRN syntax error in parameters for ", ": ",
	    true },
};

static enum status tell_etrn(struct ask *s, const char *domain)
{
	AUTO_BUF text = BUF_MAX(SMTP_REPLY_MAX * 2);
	size_t i;

	for (i = 0; i < NELEM(etrn_rows); i++) {
		if (etrn_rows[i].code != s->reply.code)
			continue;
		buf_setf(&text, "%s%s%s", etrn_rows[i].before, domain,
		    etrn_rows[i].after);
		if (etrn_rows[i].text)
			buf_addf(&text, "%d %s", s->reply.code,
			    buf_c(&s->reply.text));
		if (etrn_rows[i].st == PS_SUCCESS)
			report_note("%s", buf_c(&text));
		else
			report_error("%s", buf_c(&text));
		return etrn_rows[i].st;
	}
	report_error("Unknown ETRN error %d: %s", s->reply.code,
	    buf_c(&s->reply.text));
	return PS_PROTOCOL;
}

/* One that is refused does not keep the others from being asked for. */
static enum status etrn(struct ask *s, struct err *e)
{
	const struct option_item *d = opt_list(&s->a->o, OPT_FETCHDOMAINS);
	enum status st = greet(s, "ETRN", "25", e), worst = PS_SUCCESS;
	const char *domain;

	if (st != PS_SUCCESS)
		return st;
	if (!offers(s, "ETRN")) {
		err_temp(e, "", "%s's SMTP listener does not support ETRN",
		    s->a->host);
		say_goodbye(s);
		return PS_PROTOCOL;
	}
	do {
		domain = d != NULL ? d->text : host_fqdn();
		if (smtp_command(&s->c, &s->reply, e, "ETRN %s", domain) !=
		    ST_OK)
			return PS_SOCKET;
		st = tell_etrn(s, domain);
		if (st != PS_SUCCESS)
			worst = st;
		d = d != NULL ? d->next : NULL;
	} while (d != NULL);
	say_goodbye(s);
	return worst;
}

/* --- ODMR -------------------------------------------------------------------------- */

/* RFC 2645 5.2.1; others are PS_PROTOCOL. */
static const struct {
	int code;
	enum status st;
} atrn_rows[] = {
	{ 250, PS_SUCCESS },
	{ 450, PS_AUTHFAIL },
	{ 451, PS_SERVBUSY },
	{ 453, PS_NOMAIL },
	{ 530, PS_AUTHFAIL },
};

static enum status log_in(struct ask *s, struct err *e)
{
	struct str offered = buf_str(&s->c.mechs);
	enum st st;

	if (str_search(offered, STR("CRAM-MD5")) < 0) {
		err_temp(e, "", "%s does not offer CRAM-MD5, which ODMR needs",
		    s->a->host);
		return PS_PROTOCOL;
	}
	buf_setf(&s->c.mechs, "CRAM-MD5");
	st = smtp_auth(&s->c, s->a->user, s->a->password, &s->reply, e);
	if (st != ST_OK)
		return PS_SOCKET;
	if (s->reply.code / 100 == 2)
		return PS_SUCCESS;
	report_error("Authorization failure on %s@%s: %d %s", s->a->user,
	    s->a->host, s->reply.code, buf_c(&s->reply.text));
	return PS_AUTHFAIL;
}

static enum status atrn(struct ask *s, struct err *e)
{
	const struct option_item *d = opt_list(&s->a->o, OPT_FETCHDOMAINS);
	AUTO_BUF list = BUF_MAX(4096);
	size_t i;

	if (d == NULL)
		buf_addc(&list, host_fqdn());
	for (; d != NULL; d = d->next)
		buf_addf(&list, list.n != 0 ? ",%s" : "%s", d->text);
	if (smtp_command(&s->c, &s->reply, e, "ATRN %s", buf_c(&list)) != ST_OK)
		return PS_SOCKET;
	for (i = 0; i < NELEM(atrn_rows); i++) {
		if (atrn_rows[i].code != s->reply.code)
			continue;
		if (atrn_rows[i].st != PS_SUCCESS)
			report_error("ATRN: %d %s", s->reply.code,
			    buf_c(&s->reply.text));
		return atrn_rows[i].st;
	}
	return refused(s, "ATRN", e);
}

/* The first listener that is there. */
static struct conn *reach_listener(const struct account *a, struct err *e)
{
	static const struct option_item local = { .text = "localhost" };
	const struct option_item *i = opt_list(&a->o, OPT_SMTPHOST);
	int64_t ms = opt_num(&a->o, OPT_TIMEOUT) * 1000;
	struct conn *c = NULL;
	struct str rest, head;
	char host[256];
	const char *slash;

	for (i = i != NULL ? i : &local; i != NULL; i = i->next) {
		rest = str_c(i->text);
		str_cut(&rest, '/', &head);
		slash = strchr(i->text, '/');
		snprintf(host, sizeof(host), "%.*s", STR_ARG(head));
		if (slash == i->text)
			snprintf(host, sizeof(host), "%s", i->text);
		if (conn_open(&c, host,
			slash != NULL && slash != i->text ? slash + 1 : "25",
			ms > 0 ? ms : 300000, e) == ST_OK)
			return c;
	}
	return NULL;
}

/* What from says goes to to; *over: it has hung up. */
static enum st copy(struct conn *from, struct conn *to, bool *over,
    struct err *e)
{
	struct str line;
	enum st st;

	do {
		st = conn_line(from, &line, e);
		*over = st == ST_NONE;
		if (st != ST_OK)
			return st == ST_NONE ? ST_OK : st;
		if (conn_put(to, line, e) != ST_OK)
			return ST_TEMP;
	} while (conn_has_input(from));
	return conn_flush(to, e);
}

/* The roles have turned: each hears the other, until one hangs up. */
static enum status turn(struct ask *s, struct conn *listener, struct err *e)
{
	struct conn *two[2] = { s->c.conn, listener };
	struct pollfd fds[2] = { { conn_fd(two[0]), POLLIN, 0 },
		{ conn_fd(two[1]), POLLIN, 0 } };
	int64_t silence = opt_num(&s->a->o, OPT_TIMEOUT) * 1000;
	int64_t until = clock_ms() + silence;
	bool over = false, some;
	int i;

	while (!over) {
		some = false;
		told_alive(s->how);
		if (!conn_has_input(two[0]) && !conn_has_input(two[1]))
			poll(fds, 2, STEP_MS);
		for (i = 0; i < 2 && !over; i++) {
			if ((fds[i].revents == 0 && !conn_has_input(two[i])))
				continue;
			some = true;
			if (copy(two[i], two[1 - i], &over, e) != ST_OK)
				return PS_SOCKET;
			fds[i].revents = 0;
		}
		if (some)
			until = clock_ms() + silence;
		if (clock_ms() > until) {
			err_temp(e, "",
			    "neither %s nor the listener has said "
			    "anything for too long",
			    s->a->host);
			return PS_SOCKET;
		}
	}
	return PS_SUCCESS;
}

static enum status odmr(struct ask *s, struct err *e)
{
	struct conn *listener;
	enum status st = greet(s, "ODMR", "366", e);

	if (st == PS_SUCCESS)
		st = log_in(s, e);
	if (st != PS_SUCCESS)
		return st;
	/* First who takes it: a server that has turned must send. */
	listener = reach_listener(s->a, e);
	if (listener == NULL) {
		say_goodbye(s);
		return PS_SMTP;
	}
	st = atrn(s, e);
	if (st == PS_SUCCESS)
		st = turn(s, listener, e);
	else if (st != PS_SOCKET)
		say_goodbye(s);
	conn_close(listener);
	return st;
}

/* --- either ------------------------------------------------------------------------- */

static const struct {
	enum protocol protocol;
	enum status (*run)(struct ask *s, struct err *e);
} rows[] = {
	{ PROTO_ETRN, etrn },
	{ PROTO_ODMR, odmr },
};

bool ask_wanted(const struct account *a)
{
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (opt_num(&a->o, OPT_PROTOCOL) == (int64_t)rows[i].protocol)
			return true;
	return false;
}

enum status ask_server(const struct account *a, const struct poll_how *how,
    struct err *e)
{
	struct ask s = { .a = a,
		.how = how,
		.c = { .trace = trace },
		.reply = SMTP_REPLY };
	enum status st = PS_PROTOCOL;
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (opt_num(&a->o, OPT_PROTOCOL) == (int64_t)rows[i].protocol)
			st = rows[i].run(&s, e);
	conn_close(s.c.conn);
	smtp_client_clear(&s.c);
	smtp_reply_clear(&s.reply);
	return st;
}
