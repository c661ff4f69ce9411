/* session_bdat - the message in chunks: BDAT. RFC 3030. */
/* runs in: front */

/*
 *	MAIL, RCPT ... RCPT -BDAT n-> CHUNK -n octets-> BDAT -BDAT n-> CHUNK ...
 *	                                |                       `RSET, EHLO: READY
 *	                                `-LAST-> the end, as after DATA
 *
 * Every error ends the transaction; the octets are read all the same, and what
 * follows up to LAST is discarded (BDAT_BAD).
 */

#include "base/log.h"
#include "base/num.h"
#include "mail/header.h"
#include "vdeliver/session_state.h"

static const char *qid_of(const struct session *s)
{
	return s->mail.qid != NULL ? s->mail.qid : "NOQUEUE";
}

/* "count [LAST]" */
static bool parse(struct str arg, struct session_chunk *c)
{
	struct str count, last;

	*c = (struct session_chunk){ .last = false };
	if (!str_word(&arg, " \t", &count) ||
	    !num_u64(count, INT64_MAX, &c->size))
		return false;
	c->last = str_word(&arg, " \t", &last);
	c->left = c->size;
	return !c->last || (str_ieqc(last, "LAST") && str_trim(arg).n == 0);
}

/* Why the chunk is not taken; NULL: it is. */
static const struct session_reply *refusal(struct session *s)
{
	static const struct session_reply
	    no_tls = { 530, "5.7.0", "Must issue a STARTTLS command first" },
	    no_mail = { 503, "5.5.1", "Error: need RCPT command" },
	    no_rcpt = { 554, "5.5.1", "Error: no valid recipients" },
	    no_lmtp_rcpt = { 503, "5.5.1", "Error: no valid recipients" },
	    too_big = { 552, "5.3.4", "Chunk exceeds message size limit" },
	    null = { 551, "5.7.1", "Null BDAT request" };
	struct session_state *in = s->in;
	uint64_t limit = (uint64_t)in->set->message_size_limit;

	if (in->set->smtpd_enforce_tls && !in->tls)
		return &no_tls;
	if (in->state == S_MAIL)
		return in->lmtp ? &no_lmtp_rcpt : &no_rcpt;
	if (in->state != S_RCPT && in->state != S_BDAT)
		return &no_mail;
	if (limit > 0 && in->chunk.size > limit - s->mail.received) {
		log_warn("%s: BDAT request from %s exceeds message size limit",
		    qid_of(s), in->peer);
		return &too_big;
	}
	if (in->chunk.size == 0 && !in->chunk.last) {
		log_warn("%s: null BDAT request from %s", qid_of(s), in->peer);
		return &null;
	}
	return NULL;
}

/* The transaction is over; the chunk's octets are still to come. */
static void refuse(struct session *s, const struct session_reply *why)
{
	struct session_state *in = s->in;
	size_t n = in->lmtp ? s->mail.n_rcpts : 0;

	session_mail_reset(s);
	in->bad_replies = n;
	in->chunk.refused = why;
}

static enum state refused_end(struct session *s)
{
	struct session_state *in = s->in;
	const struct session_chunk *c = &in->chunk;
	/* RFC 2033 4.2, as in RFC 3030: LAST has a reply per recipient. */
	size_t i, n = c->last && in->bad_replies != 0 ? in->bad_replies : 1;

	for (i = 0; i < n; i++)
		if (c->refused != NULL)
			session_put(s, c->refused);
		else
			session_say(s, 551, "5.0.0",
			    "Discarded %llu bytes after earlier error",
			    (unsigned long long)c->size);
	return c->last ? session_mail_reset(s) : S_BDAT_BAD;
}

/* Between two chunks: is all well so far? */
static enum state middle(struct session *s)
{
	struct session_state *in = s->in;
	struct session_reply why;

	if (session_message_bad(s, &why)) {
		in->chunk.kept = why;
		refuse(s, &in->chunk.kept);
		return refused_end(s);
	}
	session_say(s, 250, "2.0.0", "Ok: %llu bytes",
	    (unsigned long long)in->chunk.size);
	return S_BDAT;
}

static enum state chunk_end(struct session *s)
{
	struct session_state *in = s->in;

	s->expects_data = false;
	if (in->chunk.refused != NULL || in->chunk.discard)
		return refused_end(s);
	return in->chunk.last ? session_message_end(s) : middle(s);
}

static enum state malformed(struct session *s, const struct smtp_command *cmd)
{
	log_warn("%s: malformed BDAT command syntax from %s: %.*s", qid_of(s),
	    s->in->peer, STR_ARG(str_head(smtp_line(cmd), 100)));
	session_say(s, 521, "5.5.4", "Syntax: BDAT count [LAST]");
	return S_END;
}

enum state do_bdat(struct session *s, const struct smtp_command *cmd)
{
	struct session_state *in = s->in;
	bool first = in->state != S_BDAT;
	const struct session_reply *why;

	if (header_listed(STR("CHUNKING"),
		str_c(in->set->smtpd_discard_ehlo_keywords))) {
		session_say(s, 521, "5.5.1", "Error: command not implemented");
		return S_END;
	}
	/* How long the chunk is nobody knows then: what follows must not be
	 * taken for commands. */
	if (!parse(cmd->arg, &in->chunk))
		return malformed(s, cmd);
	if (in->state == S_BDAT_BAD) {
		in->chunk.discard = true;
	} else {
		why = refusal(s);
		if (why != NULL)
			refuse(s, why);
		else if (first)
			session_message_begin(s);
	}
	s->expects_data = true;
	return in->chunk.left == 0 ? chunk_end(s) : S_CHUNK;
}

size_t session_chunk_input(struct session *s, struct str bytes)
{
	struct session_chunk *c = &s->in->chunk;

	if (bytes.n > c->left)
		bytes = str_head(bytes, (size_t)c->left);
	c->left -= bytes.n;
	if (c->refused == NULL && !c->discard) {
		smtp_data_chunk(&s->in->data, bytes);
		session_message_add(s, bytes);
	}
	if (c->left == 0)
		session_settle(s, chunk_end(s));
	return bytes.n;
}
