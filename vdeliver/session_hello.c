/* session_hello - what is around the mail: HELO, EHLO, QUIT, RSET, NOOP. */
/* runs in: front */

#include "base/log.h"
#include "mail/header.h"
#include "map/match_list.h"
#include "vdeliver/session_state.h"

/* Service extensions in the order of the EHLO reply. */
enum keyword {
	K_PLAIN,
	K_SIZE,
	K_VRFY,
	K_TLS,
	K_XCLIENT,
	K_XFORWARD,
	K_UTF8
};
static const struct {
	const char *name;
	enum keyword kind;
	const char *args;
} keywords[] = {
	{ "PIPELINING", K_PLAIN, NULL },
	{ "SIZE", K_SIZE, NULL },
	{ "VRFY", K_VRFY, NULL },
	{ "STARTTLS", K_TLS, NULL },
	{ "XCLIENT", K_XCLIENT,
	    " NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT" },
	{ "XFORWARD", K_XFORWARD, " NAME ADDR PROTO HELO SOURCE PORT IDENT" },
	{ "ENHANCEDSTATUSCODES", K_PLAIN, NULL },
	{ "8BITMIME", K_PLAIN, NULL },
	{ "DSN", K_PLAIN, NULL },
	{ "SMTPUTF8", K_UTF8, NULL },
	{ "CHUNKING", K_PLAIN, NULL },
};

static bool is_discarded(const struct session *s, const char *keyword)
{
	return header_listed(str_c(keyword),
	    str_c(s->in->set->smtpd_discard_ehlo_keywords));
}

static enum state helo(struct session *s, const struct smtp_command *cmd)
{
	struct session_state *in = s->in;

	buf_set(&in->helo, cmd->arg);
	in->esmtp = !str_ieqc(cmd->verb, "HELO");
	return session_mail_reset(s);
}

enum state do_helo(struct session *s, const struct smtp_command *cmd)
{
	if (cmd->arg.n == 0) {
		session_say(s, 501, "", "Syntax: HELO hostname");
		return s->in->state;
	}
	session_say(s, 250, "", "%s", s->in->set->myhostname);
	return helo(s, cmd);
}

static bool is_offered(const struct session *s, size_t i)
{
	const struct settings *set = s->in->set;

	return !is_discarded(s, keywords[i].name) &&
	    !(keywords[i].kind == K_XCLIENT && !s->in->xclient_ok) &&
	    !(keywords[i].kind == K_XFORWARD && !s->in->xforward_ok) &&
	    !(keywords[i].kind == K_TLS && !session_offers_tls(s)) &&
	    !(keywords[i].kind == K_VRFY && set->disable_vrfy_command) &&
	    !(keywords[i].kind == K_UTF8 && !set->smtputf8_enable);
}

static void log_discarded(struct session *s)
{
	AUTO_BUF b = BUF_MAX(LOG_LINE_MAX);
	size_t i;

	for (i = 0; i < NELEM(keywords); i++)
		if (is_discarded(s, keywords[i].name))
			buf_addf(&b, " %s", keywords[i].name);
	if (b.n != 0 && !is_discarded(s, "silent-discard"))
		log_info("discarding EHLO keywords:%s", buf_c(&b));
}

/* EHLO and LHLO. RFC 5321 4.1.1.1, RFC 2033 4.1. */
enum state do_ehlo(struct session *s, const struct smtp_command *cmd)
{
	const struct settings *set = s->in->set;
	size_t i, last = NELEM(keywords);

	if (cmd->arg.n == 0) {
		session_say(s, 501, "", "Syntax: %s hostname",
		    session_verbs[s->in->verb].name);
		return s->in->state;
	}
	log_discarded(s);
	for (i = 0; i < NELEM(keywords); i++)
		if (is_offered(s, i))
			last = i;
	buf_addf(&s->out, "250%c%s\r\n", last == NELEM(keywords) ? ' ' : '-',
	    set->myhostname);
	for (i = 0; i < NELEM(keywords); i++) {
		if (!is_offered(s, i))
			continue;
		buf_addf(&s->out, "250%c%s%s", i == last ? ' ' : '-',
		    keywords[i].name,
		    keywords[i].args != NULL ? keywords[i].args : "");
		if (keywords[i].kind == K_SIZE && set->message_size_limit > 0)
			buf_addf(&s->out, " %lld",
			    (long long)set->message_size_limit);
		buf_addc(&s->out, "\r\n");
	}
	return helo(s, cmd);
}

enum state do_auth(struct session *s, const struct smtp_command *cmd UNUSED)
{
	session_say(s, 503, "5.5.1", "Error: authentication not enabled");
	return s->in->state;
}

enum state do_rset(struct session *s, const struct smtp_command *cmd)
{
	if (cmd->arg.n != 0) {
		session_say(s, 501, "5.5.4", "Syntax: RSET");
		return s->in->state;
	}
	session_say(s, 250, "2.0.0", "Ok");
	return session_mail_reset(s);
}

enum state do_noop(struct session *s, const struct smtp_command *cmd UNUSED)
{
	session_say(s, 250, "2.0.0", "Ok");
	return s->in->state;
}

enum state do_quit(struct session *s, const struct smtp_command *cmd UNUSED)
{
	session_say(s, 221, "2.0.0", "Bye");
	return S_END;
}

enum state do_help(struct session *s, const struct smtp_command *cmd UNUSED)
{
	unsigned proto = s->in->lmtp ? V_LMTP : V_SMTP;
	AUTO_BUF b = BUF_MAX(512);
	size_t i;

	for (i = 0; i < session_n_verbs - 1; i++)
		if (session_verbs[i].flags & proto)
			buf_addf(&b, " %s", session_verbs[i].name);
	session_say(s, 214, "2.0.0", "Commands:%s", buf_c(&b));
	return s->in->state;
}

/* A web browser or worse: what the list has, or a header. */
static bool is_foreign(const struct session *s, const struct smtp_command *cmd)
{
	struct match_list *list = s->in->set->foreign;
	struct err e;

	return str_find(cmd->verb, ':') >= 0 ||
	    (list != NULL && match_list_get(list, cmd->verb, &e) == ST_OK);
}

enum state do_unknown(struct session *s, const struct smtp_command *cmd)
{
	if (!is_foreign(s, cmd)) {
		session_say(s, 500, "5.5.2", "Error: command not recognized");
		return s->in->state;
	}
	log_warn("non-SMTP command from %s: %.*s", s->in->peer,
	    STR_ARG(str_head(smtp_line(cmd), 100)));
	session_say(s, 221, "2.7.0", "Error: I can break rules, too. Goodbye.");
	s->in->failed = true;
	return S_END;
}
