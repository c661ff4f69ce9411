/* session_xclient - who really is at the other end: XCLIENT and XFORWARD. */
/* runs in: front */

#include <arpa/inet.h>

#include "base/log.h"
#include "base/num.h"
#include "vdeliver/session_state.h"

#define VALUE_MAX 1000

/* Where a value goes; "" stands for "[UNAVAILABLE]". */
struct claims {
	const char *name, *addr, *port, *helo, *proto, *login, *ident, *source;
	const char *reverse, *to_addr, *to_port;
};

typedef bool check_fn(struct str *value);

static bool is_any(struct str *value UNUSED)
{
	return true;
}

static bool is_name(struct str *v)
{
	size_t i;

	if (v->n == 0 || v->n > 255 || *v->p == '-' || *v->p == '.')
		return false;
	for (i = 0; i < v->n; i++) {
		char c = str_lower(v->p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '.' && c != '_')
			return false;
	}
	return true;
}

/* "192.0.2.1" or "IPV6:2001:db8::1", the latter without its prefix, too. */
static bool is_addr(struct str *v)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN];

	if (str_istarts(*v, STR("IPV6:")))
		*v = str_skip(*v, 5);
	if (v->n >= sizeof(text))
		return false;
	memcpy(text, v->p, v->n);
	text[v->n] = '\0';
	return inet_pton(AF_INET, text, bytes) == 1 ||
	    inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_port(struct str *v)
{
	uint64_t n;

	return num_u64(*v, 65535, &n) && n != 0;
}

static bool is_proto(struct str *v)
{
	return str_ieqc(*v, "SMTP") || str_ieqc(*v, "ESMTP") ||
	    str_ieqc(*v, "LMTP");
}

static bool is_source(struct str *v)
{
	return str_ieqc(*v, "LOCAL") || str_ieqc(*v, "REMOTE");
}

enum by {
	BY_XCLIENT = 1,
	BY_XFORWARD = 2,
	BY_BOTH = 3
};

/* Attributes are xtext: RFC 3461 4, and Postfix's XCLIENT_README. */
static const struct attribute {
	const char *name;
	enum by by;
	check_fn *check;
	size_t at;
} attributes[] = {
	{ "NAME", BY_BOTH, is_name, offsetof(struct claims, name) },
	{ "ADDR", BY_BOTH, is_addr, offsetof(struct claims, addr) },
	{ "PORT", BY_BOTH, is_port, offsetof(struct claims, port) },
	{ "HELO", BY_BOTH, is_any, offsetof(struct claims, helo) },
	{ "PROTO", BY_XCLIENT, is_proto, offsetof(struct claims, proto) },
	{ "PROTO", BY_XFORWARD, is_any, offsetof(struct claims, proto) },
	{ "LOGIN", BY_XCLIENT, is_any, offsetof(struct claims, login) },
	{ "REVERSE_NAME", BY_XCLIENT, is_name,
	    offsetof(struct claims, reverse) },
	{ "DESTADDR", BY_XCLIENT, is_addr, offsetof(struct claims, to_addr) },
	{ "DESTPORT", BY_XCLIENT, is_port, offsetof(struct claims, to_port) },
	{ "IDENT", BY_XFORWARD, is_any, offsetof(struct claims, ident) },
	{ "SOURCE", BY_XFORWARD, is_source, offsetof(struct claims, source) },
};

static const struct attribute *find(struct str name, enum by by)
{
	size_t i;

	for (i = 0; i < NELEM(attributes); i++)
		if ((attributes[i].by & by) &&
		    str_ieqc(name, attributes[i].name))
			return &attributes[i];
	return NULL;
}

/* What is no xtext is taken as it is, as Postfix does. */
static struct str decode(struct str raw, struct arena *to)
{
	AUTO_BUF text = BUF_MAX(VALUE_MAX);

	if (smtp_xtext(raw, &text))
		return arena_str(to, buf_str(&text));
	return raw;
}

/* One word; false: answered. */
static bool take(struct session *s, struct str word, enum by by,
    struct claims *c)
{
	const struct attribute *a;
	struct str name, value = word;
	const char **to;

	if (!str_cut(&value, '=', &name)) {
		session_say(s, 501, "5.5.4", "Error: attribute=value expected");
		return false;
	}
	a = find(name, by);
	if (a == NULL) {
		session_say(s, 501, "5.5.4", "Bad %s attribute name: %.*s",
		    session_verbs[s->in->verb].name, STR_ARG(name));
		return false;
	}
	to = (const char **)((char *)c + a->at);
	if (str_ieqc(value, "[UNAVAILABLE]") ||
	    str_ieqc(value, "[TEMPUNAVAIL]")) {
		*to = "";
		return true;
	}
	value = decode(value, &s->in->mail);
	if (value.n == 0 || value.n > VALUE_MAX || !a->check(&value)) {
		session_say(s, 501, "5.5.4", "Bad %s syntax: %.*s", a->name,
		    STR_ARG(value));
		return false;
	}
	*to = arena_strz(&s->in->mail, value);
	return true;
}

static bool take_all(struct session *s, struct str args, enum by by,
    struct claims *c)
{
	struct str word;

	while (str_word(&args, " \t", &word))
		if (!take(s, word, by, c))
			return false;
	return true;
}

/* Is the command to be heard at all? False: answered. */
static bool admit(struct session *s, struct str args, bool allowed)
{
	struct session_state *in = s->in;
	const char *verb = session_verbs[in->verb].name;

	if (in->state != S_READY && in->state != S_START)
		session_say(s, 503, "5.5.1",
		    "Error: MAIL transaction in "
		    "progress");
	else if (!allowed)
		session_say(s, 550, "5.7.0",
		    "Error: insufficient authorization");
	else if (args.n == 0)
		session_say(s, 501, "5.5.4", "Syntax: %s attribute=value...",
		    verb);
	else
		return true;
	return false;
}

static const char *known(const char *value)
{
	return value[0] != '\0' ? value : "unknown";
}

enum state do_xclient(struct session *s, const struct smtp_command *cmd)
{
	struct session_state *in = s->in;
	struct claims c = { .name = in->name, .addr = in->addr };

	if (!admit(s, cmd->arg, in->xclient_ok) ||
	    !take_all(s, cmd->arg, BY_XCLIENT, &c))
		return in->state;
	if (c.helo != NULL)
		buf_set(&in->helo, str_c(c.helo));
	if (c.proto != NULL)
		in->esmtp = !str_ieqc(str_c(c.proto), "SMTP");
	if (c.login != NULL)
		in->login = c.login[0] != '\0'
		    ? arena_strz(&in->life, str_c(c.login))
		    : NULL;
	s->claim.name = known(c.name);
	s->claim.addr = known(c.addr);
	s->wish = WISH_XCLIENT;
	return in->state;
}

void session_resume_xclient(struct session *s,
    const struct session_client *client, const struct session_reply *refusal)
{
	struct session_state *in = s->in;

	if (s->wish != WISH_XCLIENT)
		bug("a new client that nobody asked for");
	s->wish = WISH_NONE;
	session_set_client(s, client);
	/* As in Postfix, it counts as tried and not as done. */
	in->counted = false;
	if (refusal != NULL) {
		session_put(s, refusal);
		session_settle(s, S_END);
		return;
	}
	session_greet(s, STR_NONE);
	session_settle(s, session_mail_reset(s));
}

enum state do_xforward(struct session *s, const struct smtp_command *cmd)
{
	struct session_state *in = s->in;
	struct claims c = { .name = NULL };

	if (!admit(s, cmd->arg, in->xforward_ok) ||
	    !take_all(s, cmd->arg, BY_XFORWARD, &c))
		return in->state;
	if (c.name != NULL)
		in->forward.name = known(c.name);
	if (c.addr != NULL)
		in->forward.addr = c.addr;
	if (c.ident != NULL)
		in->forward.ident = c.ident;
	if (c.source != NULL)
		in->forward.source = c.source;
	in->forward.any |= c.name != NULL || c.addr != NULL || c.helo != NULL ||
	    c.proto != NULL || c.port != NULL;
	session_say(s, 250, "2.0.0", "Ok");
	return in->state;
}

/* ", orig_queue_id=X, orig_client=NAME[ADDR]" behind "client=". */
void session_add_origin(const struct session_state *in, struct buf *b)
{
	const char *name = in->forward.name, *addr = in->forward.addr;

	if (in->login != NULL)
		buf_addf(b, ", sasl_method=XCLIENT, sasl_username=%s",
		    in->login);
	if (in->forward.ident != NULL && in->forward.ident[0] != '\0')
		buf_addf(b, ", orig_queue_id=%s", in->forward.ident);
	if (!in->forward.any)
		return;
	buf_addf(b, ", orig_client=%s", name != NULL ? name : "unknown");
	if (addr != NULL && addr[0] != '\0')
		buf_addf(b, "[%s]", addr);
}

bool session_is_local(const struct session_state *in)
{
	const char *source = in->forward.source;

	if (source == NULL || source[0] == '\0')
		return in->local;
	return str_ieqc(str_c(source), "LOCAL");
}
