/* session_mail - the envelope: MAIL, RCPT and VRFY. */
/* runs in: front */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "mail/header.h"
#include "vdeliver/session_state.h"

/* Meaning of one ESMTP parameter; false when it was refused and answered. */
typedef bool param_fn(struct session *s, const struct smtp_param *p);

static void unsupported(struct session *s, struct str text)
{
	session_say(s, 555, "5.5.4", "Unsupported option: %.*s", STR_ARG(text));
}

/* RFC 1870. */
static bool param_size(struct session *s, const struct smtp_param *p)
{
	static const struct session_reply syntax = { 501, "5.5.4",
		"Bad message size syntax" };
	static const struct session_reply huge = { 552, "5.3.4",
		"Message size exceeds file system imposed limit" };
	size_t i;

	if (num_u64(p->value, INT64_MAX, &s->mail.size_hint))
		return true;
	for (i = 0; i < p->value.n; i++)
		if (p->value.p[i] < '0' || p->value.p[i] > '9')
			break;
	session_put(s, i < p->value.n || i == 0 ? &syntax : &huge);
	return false;
}

/* RFC 6152. */
static bool param_body(struct session *s, const struct smtp_param *p)
{
	s->mail.body_8bit = str_ieqc(p->value, "8BITMIME");
	if (s->mail.body_8bit || str_ieqc(p->value, "7BIT"))
		return true;
	unsupported(s, p->text);
	return false;
}

/* RFC 6531. */
static bool param_smtputf8(struct session *s, const struct smtp_param *p)
{
	s->mail.smtputf8 = s->in->set->smtputf8_enable && !p->has_value;
	if (!s->mail.smtputf8)
		unsupported(s, p->text);
	return s->mail.smtputf8;
}

/* RFC 4954 5: nobody logs in, so it says nothing. */
static bool param_auth(struct session *s, const struct smtp_param *p)
{
	if (!p->has_value)
		unsupported(s, p->text);
	return p->has_value;
}

/* RFC 3461 4.3. */
static bool param_ret(struct session *s, const struct smtp_param *p)
{
	if (str_ieqc(p->value, "FULL") || str_ieqc(p->value, "HDRS")) {
		s->mail.ret = arena_str(&s->in->mail, p->value);
		return true;
	}
	session_say(s, 501, "5.5.4", "Bad RET parameter syntax");
	return false;
}

/* RFC 3461 4.4. */
static bool param_envid(struct session *s, const struct smtp_param *p)
{
	AUTO_BUF text = BUF_MAX(100);

	if (p->value.n != 0 && smtp_xtext(p->value, &text)) {
		s->mail.envid = arena_str(&s->in->mail, p->value);
		return true;
	}
	session_say(s, 501, "5.5.4", "Bad ENVID parameter syntax");
	return false;
}

/* RFC 3461 4.1: NEVER alone, or a list of the others. */
static bool param_notify(struct session *s, const struct smtp_param *p)
{
	struct str rest = p->value, word;
	bool ok = rest.n != 0, more = true;

	while (ok && more) {
		more = str_cut(&rest, ',', &word);
		if (str_ieqc(word, "NEVER"))
			ok = str_ieqc(p->value, "NEVER");
		else
			ok = header_listed(word, STR("SUCCESS FAILURE DELAY"));
	}
	if (ok)
		s->rcpt.notify = arena_str(&s->in->mail, p->value);
	else
		session_say(s, 501, "5.5.4",
		    "Error: Bad NOTIFY parameter syntax");
	return ok;
}

/* It will stand in a header: no line may end in it. */
static bool has_controls(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

/* RFC 3461 4.2: only rfc822 addresses are of use to us. */
static bool param_orcpt(struct session *s, const struct smtp_param *p)
{
	AUTO_BUF text = BUF_MAX(p->value.n);
	struct str rest = p->value, type;

	if (!str_cut(&rest, ';', &type) || type.n == 0 || rest.n == 0 ||
	    !smtp_xtext(rest, &text) || has_controls(buf_str(&text))) {
		session_say(s, 501, "5.5.4",
		    "Error: Bad ORCPT parameter syntax");
		return false;
	}
	if (str_ieqc(type, "rfc822") || str_ieqc(type, "utf-8"))
		s->rcpt.orcpt = arena_str(&s->in->mail, buf_str(&text));
	return true;
}

static const struct esmtp_param {
	const char *verb, *name;
	const char *keyword; /* of EHLO; NULL: always known */
	param_fn *take;
} params[] = {
	{ "MAIL", "SIZE", NULL, param_size },
	{ "MAIL", "BODY", "8BITMIME", param_body },
	{ "MAIL", "SMTPUTF8", "SMTPUTF8", param_smtputf8 },
	{ "MAIL", "AUTH", NULL, param_auth },
	{ "MAIL", "RET", "DSN", param_ret },
	{ "MAIL", "ENVID", "DSN", param_envid },
	{ "RCPT", "NOTIFY", "DSN", param_notify },
	{ "RCPT", "ORCPT", "DSN", param_orcpt },
};

static const struct esmtp_param *find_param(const struct session *s,
    const char *verb, struct str name)
{
	struct str hidden = str_c(s->in->set->smtpd_discard_ehlo_keywords);
	size_t i;

	for (i = 0; i < NELEM(params); i++)
		if (str_eqc(str_c(verb), params[i].verb) &&
		    str_ieqc(name, params[i].name))
			return params[i].keyword != NULL &&
				header_listed(str_c(params[i].keyword), hidden)
			    ? NULL
			    : &params[i];
	return NULL;
}

static bool take_params(struct session *s, const struct smtp_command *cmd)
{
	const char *verb = session_verbs[s->in->verb].name;
	size_t i;

	if (cmd->syntax == SMTP_MANY_PARAMS) {
		unsupported(s, cmd->params[SMTP_PARAMS_MAX - 1].text);
		return false;
	}
	for (i = 0; i < cmd->n_params; i++) {
		const struct smtp_param *p = &cmd->params[i];
		const struct esmtp_param *known = find_param(s, verb, p->name);

		if (known == NULL) {
			unsupported(s, p->text);
			return false;
		}
		if (!known->take(s, p))
			return false;
	}
	return true;
}

/* Path syntax is judged, and a bad one answered, in the same way everywhere. */
static bool take_path(struct session *s, struct str path, bool null_ok,
    struct address *addr)
{
	struct session_state *in = s->in;
	const char *verb = session_verbs[in->verb].name;
	bool mail = str_eqc(str_c(verb), "MAIL");
	struct err e;

	if (address_parse(addr, &in->env->rules, path, &in->mail, &e) ==
		ST_OK &&
	    (null_ok || addr->address.n != 0))
		return true;
	log_warn("Illegal address syntax from %s in %s command: %.*s", in->peer,
	    verb, STR_ARG(path));
	session_say(s, 501, mail ? "5.1.7" : "5.1.3", "Bad %s address syntax",
	    mail ? "sender" : "recipient");
	return false;
}

/* Is there room for such a message, as far as we know? RFC 1870 6.1. */
static bool has_room(struct session *s)
{
	static const struct session_reply too_big = { 552, "5.3.4",
		"Message size exceeds fixed limit" };
	static const struct session_reply full = { 452, "4.3.1",
		"Insufficient system storage" };
	const struct session_reply *r = NULL;
	int64_t limit = s->in->set->message_size_limit;

	if (limit > 0 && s->mail.size_hint > (uint64_t)limit)
		r = &too_big;
	else if (spool_full(s->in->env->budget, s->mail.size_hint + 1))
		r = &full;
	if (r != NULL)
		session_reject(s, "MAIL", STR_NONE, r);
	return r == NULL;
}

/* Which protocol the Received header names. RFC 3848, RFC 6531 4.3. */
static const char *protocol(const struct session *s)
{
	bool tls = s->in->tls;

	static const char *const names[][2] = {
		{ "SMTP", "SMTP" },
		{ "ESMTP", "ESMTPS" },
		{ "UTF8SMTP", "UTF8SMTPS" },
		{ "LMTP", "LMTPS" },
		{ "UTF8LMTP", "UTF8LMTPS" },
	};

	if (s->in->lmtp)
		return names[s->mail.smtputf8 ? 4 : 3][tls];
	return names[s->mail.smtputf8 ? 2 : s->in->esmtp ? 1 : 0][tls];
}

static enum state accept_mail(struct session *s)
{
	s->mail.start_ms = clock_ms();
	s->in->proto = protocol(s);
	s->txn++;
	session_say(s, 250, "2.1.0", "Ok");
	return S_MAIL;
}

enum state do_mail(struct session *s, const struct smtp_command *cmd)
{
	struct session_state *in = s->in;
	struct address addr;

	if (cmd->syntax == SMTP_NO_PATH) {
		session_say(s, 501, "5.5.4", "Syntax: MAIL FROM:<address>");
		return in->state;
	}
	if (!take_path(s, cmd->path, true, &addr) || !take_params(s, cmd))
		return session_mail_reset(s);
	s->mail.sender_orig = addr.original.n != 0 ? addr.original : STR("");
	s->mail.sender = address_external(addr.address, &in->mail);
	if (!has_room(s))
		return session_mail_reset(s);
	if (in->set->smtpd_client_message_rate_limit <= 0)
		return accept_mail(s);
	s->event = EVENT_MAIL;
	s->wish = WISH_EVENT;
	return in->state;
}

void session_mail_event(struct session *s, bool refused)
{
	if (!refused) {
		session_settle(s, accept_mail(s));
		return;
	}
	session_say(s, 450, "4.7.1", "Error: too much mail from %s",
	    s->in->addr);
	session_settle(s, session_mail_reset(s));
}

enum state do_rcpt(struct session *s, const struct smtp_command *cmd)
{
	struct session_state *in = s->in;
	struct address addr;

	s->rcpt = (struct session_rcpt){ .verify = false };
	if (cmd->syntax == SMTP_NO_PATH) {
		session_say(s, 501, "5.5.4", "Syntax: RCPT TO:<address>");
		return in->state;
	}
	if (!take_path(s, cmd->path, false, &addr) || !take_params(s, cmd))
		return in->state;
	if (s->mail.n_rcpts >= (size_t)in->set->smtpd_recipient_limit) {
		session_say(s, 452, "4.5.3", "Error: too many recipients");
		/* No error of the client's, who may send the rest later;
		 * unless it does not listen. */
		if (in->overshoot++ < in->set->smtpd_recipient_overshoot_limit)
			in->failed = false;
		return in->state;
	}
	s->rcpt.original = addr.original;
	s->rcpt.address = addr.address;
	s->rcpt.routed = addr.routed;
	s->wish = WISH_RCPT;
	return in->state;
}

enum state do_vrfy(struct session *s, const struct smtp_command *cmd)
{
	static const struct str utf8 = { "SMTPUTF8", 8 };
	struct session_state *in = s->in;
	struct str path = cmd->arg;
	struct address addr;

	if (in->set->disable_vrfy_command) {
		session_say(s, 502, "5.5.1", "VRFY command is disabled");
		return in->state;
	}
	if (path.n > utf8.n && str_isspace(path.p[path.n - utf8.n - 1]) &&
	    str_ieq(str_skip(path, path.n - utf8.n), utf8))
		path = str_trim_right(str_head(path, path.n - utf8.n));
	if (path.n == 0) {
		session_say(s, 501, "5.5.4", "Syntax: VRFY address [SMTPUTF8]");
		return in->state;
	}
	if (!take_path(s, path, false, &addr))
		return in->state;
	s->rcpt = (struct session_rcpt){ .original = addr.original,
		.address = addr.address,
		.routed = addr.routed,
		.verify = true };
	s->wish = WISH_RCPT;
	return in->state;
}

/*
 * 12 hexadecimal digits, as log readers know queue ids: 22 bits of the pid, 26
 * of a counter that starts with the time and is never behind it.
 */
static void make_qid(struct session *s)
{
	struct session_env *env = s->in->env;
	AUTO_BUF origin = BUF_MAX(LOG_LINE_MAX);
	struct timespec now = clock_wall();
	uint64_t tick =
	    (uint64_t)now.tv_sec * 16 + (uint64_t)now.tv_nsec / 62500000;

	env->last_id = tick > env->last_id ? tick : env->last_id + 1;
	snprintf(s->in->qid, sizeof(s->in->qid), "%012llX",
	    (unsigned long long)(((uint64_t)getpid() & 0x3fffff) << 26 |
		(env->last_id & 0x3ffffff)));
	s->mail.qid = s->in->qid;
	session_add_origin(s->in, &origin);
	log_info("%s: client=%s%s", s->mail.qid, s->in->peer, buf_c(&origin));
}

static void add_rcpt(struct session *s)
{
	struct session_state *in = s->in;

	if (s->mail.n_rcpts == in->rcpts_cap) {
		size_t cap = in->rcpts_cap != 0 ? 2 * in->rcpts_cap : 8;
		struct session_rcpt *v =
		    arena_array(&in->mail, cap, sizeof(*v));

		if (s->mail.n_rcpts != 0)
			memcpy(v, in->rcpts, s->mail.n_rcpts * sizeof(*v));
		in->rcpts = v;
		in->rcpts_cap = cap;
	}
	in->rcpts[s->mail.n_rcpts++] = s->rcpt;
	s->mail.rcpts = in->rcpts;
}

void session_resume_rcpt(struct session *s, const struct session_reply *reply)
{
	struct session_state *in = s->in;
	enum state next = in->state;

	if (s->wish != WISH_RCPT)
		bug("an answer that nobody asked for");
	s->wish = WISH_NONE;
	if (reply->code / 100 != 2 && s->rcpt.logged) {
		session_put(s, reply);
	} else if (reply->code / 100 != 2) {
		session_reject(s, session_verbs[in->verb].name,
		    s->rcpt.original, reply);
	} else if (s->rcpt.verify) {
		session_say(s, 252, "2.0.0", "%.*s", STR_ARG(s->rcpt.original));
	} else {
		if (s->mail.qid == NULL)
			make_qid(s);
		add_rcpt(s);
		session_put(s, reply);
		next = S_RCPT;
	}
	if (reply->code == 421)
		next = S_END;
	session_settle(s, next);
}
