/* session_tls - STARTTLS, and what is known of the connection after it. */
/* runs in: front */

#include "base/log.h"
#include "mail/header.h"
#include "vdeliver/session_state.h"

bool session_offers_tls(const struct session *s)
{
	const struct settings *set = s->in->set;

	return set->smtpd_use_tls && !s->in->tls &&
	    !header_listed(STR("STARTTLS"),
		str_c(set->smtpd_discard_ehlo_keywords));
}

/* RFC 3207 4. */
enum state do_starttls(struct session *s, const struct smtp_command *cmd)
{
	struct session_state *in = s->in;

	if (cmd->arg.n != 0) {
		session_say(s, 501, "5.5.4", "Syntax: STARTTLS");
	} else if (in->tls) {
		session_say(s, 554, "5.5.1", "Error: TLS already active");
	} else if (!session_offers_tls(s)) {
		session_say(s, 502, "5.5.1", "Error: command not implemented");
	} else {
		session_ask_tls(s);
	}
	return in->state;
}

static void begin(struct session *s)
{
	if (!s->in->wrapped)
		session_say(s, 220, "2.0.0", "Ready to start TLS");
	s->wish = WISH_TLS;
}

void session_ask_tls(struct session *s)
{
	if (s->in->set->smtpd_client_new_tls_session_rate_limit <= 0) {
		begin(s);
		return;
	}
	s->event = EVENT_TLS;
	s->wish = WISH_EVENT;
}

void session_tls_event(struct session *s, bool refused)
{
	struct session_state *in = s->in;

	if (!refused) {
		begin(s);
		return;
	}
	/* Who waits for a handshake reads no clear text. */
	if (!in->wrapped)
		session_say(s, 421, "4.7.0",
		    "%s Error: too many new TLS sessions from %s",
		    in->set->myhostname, in->addr);
	session_settle(s, S_END);
}

static void add_bits(struct buf *b, const struct tls_facts *f)
{
	buf_addf(b, "%s with cipher %s (%d/%d bits)", f->protocol, f->cipher,
	    f->bits, f->algorithm_bits);
}

static void add_keys(struct buf *b, const struct tls_facts *f)
{
	if (f->key_exchange[0] != '\0')
		buf_addf(b, " key-exchange %s", f->key_exchange);
	if (f->signature[0] != '\0')
		buf_addf(b, " server-signature %s", f->signature);
	if (f->digest[0] != '\0')
		buf_addf(b, " server-digest %s", f->digest);
}

/* The two or three lines for the Received header. */
static const char *trace(struct session_state *in, const struct tls_facts *f)
{
	AUTO_BUF b = BUF_MAX(1000);

	buf_addc(&b, "(using ");
	add_bits(&b, f);
	if (f->key_exchange[0] != '\0')
		buf_addc(&b, "\n\t");
	add_keys(&b, f);
	buf_addc(&b, ")\n\t(No client certificate requested)\n\t");
	return arena_strz(&in->life, buf_str(&b));
}

static void log_established(struct session_state *in, const struct tls_facts *f)
{
	AUTO_BUF b = BUF_MAX(1000);

	add_bits(&b, f);
	add_keys(&b, f);
	log_info("Anonymous TLS connection established from %s: %s", in->peer,
	    buf_c(&b));
}

void session_tls_started(struct session *s, const struct tls_facts *f,
    struct str waiting)
{
	struct session_state *in = s->in;

	if (s->wish != WISH_TLS)
		bug("a handshake that nobody asked for");
	s->wish = WISH_NONE;
	in->tls = true;
	if (in->set->smtpd_tls_loglevel >= 1)
		log_established(in, f);
	if (in->set->smtpd_tls_received_header)
		in->tls_trace = trace(in, f);
	if (in->wrapped) {
		session_greet(s, waiting);
		if (in->draining)
			session_shutdown(s);
		return;
	}
	/* What was said in the clear may have been somebody else's words. */
	buf_reset(&in->helo);
	in->esmtp = false;
	session_settle(s, session_mail_reset(s));
}

void session_tls_failed(struct session *s, const char *why, bool library)
{
	struct session_state *in = s->in;

	log_info("SSL_accept error from %s: %s", in->peer,
	    library ? "-1" : why);
	if (library)
		log_warn("TLS library problem: %s", why);
	in->failed = true;
	session_lost(s);
}
