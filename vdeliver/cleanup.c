/* cleanup - what the client sent becomes what is stored. */
/* runs in: front */

#include "vdeliver/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "mail/address_field.h"
#include "mail/header.h"
#include "vdeliver/rules.h"

/* A header name longer than this is none. */
#define NAME_MAX_N 1000
/* What is kept of a message id, for the log. */
#define ID_MAX 1000
/* A longer field of addresses is stored as it came. */
#define FIELD_MAX 65536

enum cleanup_seen {
	SEEN_ID = 1 << 0,
	SEEN_DATE = 1 << 1,
	SEEN_FROM = 1 << 2,
	SEEN_RESENT_ID = 1 << 3,
	SEEN_RESENT_DATE = 1 << 4,
	SEEN_RESENT_FROM = 1 << 5,
	SEEN_RESENT = 1 << 6,
	SEEN_TO = 1 << 7, /* a recipient that all may see */
};

static const struct {
	const char *name;
	unsigned seen;
} known[] = {
	{ "Message-Id", SEEN_ID },
	{ "Date", SEEN_DATE },
	{ "From", SEEN_FROM },
	{ "Resent-Message-Id", SEEN_RESENT_ID },
	{ "Resent-Date", SEEN_RESENT_DATE },
	{ "Resent-From", SEEN_RESENT_FROM },
	{ "To", SEEN_TO },
	{ "Cc", SEEN_TO },
	{ "Resent-To", SEEN_TO },
	{ "Resent-Cc", SEEN_TO },
};

static void emit(struct cleanup *c, struct str s)
{
	if (s.n == 0 || c->st != ST_OK)
		return;
	c->st = spool_add(c->out, s, &c->err);
	if (c->mime != NULL)
		relay_qp_add(c->mime, s, &c->unused);
	buf_reset(&c->unused);
	c->after_lf = s.p[s.n - 1] == '\n';
}

/* What would break the syntax of Received becomes '?'. */
static void add_clean(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c <= ' ' || c >= 0x7f || strchr("<>()\\\";@", c) != NULL)
			c = '?';
		buf_addch(b, c);
	}
}

/* RFC 5321 4.4, in the form that Postfix gives it. */
static void emit_received(struct cleanup *c)
{
	const struct cleanup_origin *f = c->from;
	AUTO_BUF b = BUF_MAX(16384);

	buf_addc(&b, "Received: from ");
	add_clean(&b, f->helo.n != 0 ? f->helo : str_c(f->client_name));
	buf_addf(&b, " (%s [%s%s])\n\t%sby %s (%s) with %s id %s",
	    f->client_name, strchr(f->client_addr, ':') != NULL ? "IPv6:" : "",
	    f->client_addr, f->tls != NULL ? f->tls : "", c->set->myhostname,
	    c->set->mail_name, f->proto, f->qid);
	if (f->rcpt.n != 0)
		buf_addf(&b, "\n\tfor <%.*s>; ", STR_ARG(f->rcpt));
	else
		buf_addc(&b, ";\n\t");
	clock_add_date(&b, clock_seconds());
	buf_addch(&b, '\n');
	emit(c, buf_str(&b));
}

static enum st check_set(const char *param, const char *value, struct err *e)
{
	struct octets set;

	if (octets_parse(&set, str_c(value), e) == ST_OK)
		return ST_OK;
	err_prefix(e, "%s: ", param);
	return ST_TEMP;
}

enum st cleanup_check_settings(const struct settings *set, struct err *e)
{
	if (check_set("message_strip_characters", set->message_strip_characters,
		e) != ST_OK)
		return ST_TEMP;
	return check_set("message_reject_characters",
	    set->message_reject_characters, e);
}

void cleanup_init(struct cleanup *c, const struct settings *set,
    const struct cleanup_origin *from, struct spool *out)
{
	*c = (struct cleanup){ .set = set,
		.from = from,
		.out = out,
		.message_id = BUF_MAX(ID_MAX),
		.resent_id = BUF_MAX(ID_MAX),
		.hops = 1,
		.line = BUF_MAX(NAME_MAX_N),
		.name = BUF_MAX(NAME_MAX_N),
		.field = BUF_MAX(FIELD_MAX),
		.unused = BUF_MAX(RELAY_QP_MORE),
		.first = true };
	/* settings.c has seen that they are right. */
	if (octets_parse(&c->strip, str_c(set->message_strip_characters),
		NULL) != ST_OK ||
	    octets_parse(&c->reject, str_c(set->message_reject_characters),
		NULL) != ST_OK)
		bug("a set of characters that was not checked");
	/* Lines are records there: their ends are no characters of the text. */
	octets_drop(&c->strip, '\n');
	octets_drop(&c->reject, '\n');
	if (set->strict_8bitmime || set->strict_8bitmime_body) {
		c->mime = xcalloc(1, sizeof(*c->mime));
		relay_qp_begin(c->mime);
	}
	emit_received(c);
}

void cleanup_clear(struct cleanup *c)
{
	if (c == NULL)
		return;
	buf_clear(&c->message_id);
	buf_clear(&c->resent_id);
	buf_clear(&c->line);
	buf_clear(&c->name);
	buf_clear(&c->field);
	buf_clear(&c->unused);
	relay_qp_clear(c->mime);
	free(c->mime);
	c->mime = NULL;
}

/* A line under the name of the program that would say it in Postfix. */
static void say(const struct cleanup *c, enum log_level level, const char *what,
    struct str value)
{
	char tag[256];

	snprintf(tag, sizeof(tag), "%s/cleanup", c->set->syslog_name);
	log_as(tag, level, "%s: %s%.*s", c->from->qid, what, STR_ARG(value));
}

/* "yyyymmddhhmmss.QID@myhostname", UTC. */
static void add_id(const struct cleanup *c, struct buf *b)
{
	time_t now = clock_seconds();
	char stamp[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &tm);
	buf_addf(b, "<%s.%s@%s>", stamp, c->from->qid, c->set->myhostname);
}

/* The id, the date and the sender, where they lack. RFC 5322 3.6. */
static void add_missing(struct cleanup *c, bool resent)
{
	const char *prefix = resent ? "Resent-" : "";
	struct buf *id = resent ? &c->resent_id : &c->message_id;
	AUTO_BUF b = BUF_MAX(16384);

	if (!(c->seen & (resent ? SEEN_RESENT_ID : SEEN_ID))) {
		add_id(c, id);
		buf_addf(&b, "%sMessage-Id: %s\n", prefix, buf_c(id));
	}
	if (!(c->seen & (resent ? SEEN_RESENT_DATE : SEEN_DATE))) {
		buf_addf(&b, "%sDate: ", prefix);
		clock_add_date(&b, clock_seconds());
		buf_addch(&b, '\n');
	}
	if (!(c->seen & (resent ? SEEN_RESENT_FROM : SEEN_FROM)))
		buf_addf(&b, "%sFrom: %.*s\n", prefix,
		    STR_ARG(c->from->sender.n != 0 ? c->from->sender
						   : STR("MAILER-DAEMON")));
	if (!(c->seen & SEEN_TO) &&
	    c->set->undisclosed_recipients_header[0] != '\0')
		buf_addf(&b, "%s\n", c->set->undisclosed_recipients_header);
	emit(c, buf_str(&b));
}

static bool too_many_hops(const struct cleanup *c)
{
	return c->hops >= c->set->hopcount_limit;
}

static void log_ids(const struct cleanup *c)
{
	struct str id = str_trim(buf_str(&c->message_id));
	struct str resent = str_trim(buf_str(&c->resent_id));

	say(c, LOG_INFORM, "message-id=", id.n != 0 ? id : STR("<>"));
	if (resent.n != 0)
		say(c, LOG_INFORM, "resent-message-id=", resent);
}

/* The header block ends here. */
static void end_header(struct cleanup *c)
{
	if (c->from->local || c->set->always_add_missing_headers)
		add_missing(c, c->seen & SEEN_RESENT);
	if (!too_many_hops(c))
		log_ids(c);
	c->at = AT_BODY;
}

/* A line that is no header: the block ended before it. */
static void begin_body(struct cleanup *c)
{
	end_header(c);
	emit(c, STR("\n"));
	emit(c, buf_str(&c->line));
	buf_reset(&c->line);
}

static void note_header(struct cleanup *c, struct str name)
{
	size_t i;

	for (i = 0; i < NELEM(known); i++) {
		if (!str_ieqc(name, known[i].name))
			continue;
		if (known[i].seen == SEEN_ID && !(c->seen & SEEN_ID))
			c->id = &c->message_id;
		if (known[i].seen == SEEN_RESENT_ID &&
		    !(c->seen & SEEN_RESENT_ID))
			c->id = &c->resent_id;
		c->seen |= known[i].seen;
	}
	if (str_istarts(name, STR("Resent-")))
		c->seen |= SEEN_RESENT;
	if (str_ieq(name, STR("Received")))
		c->hops++;
}

/* A field of addresses is complete, with its last newline. */
static void end_field(struct cleanup *c)
{
	AUTO_BUF fresh = BUF_MAX(FIELD_MAX);
	struct address_rules rules;
	struct str value = buf_str(&c->field);

	if (!c->collects)
		return;
	c->collects = false;
	rules_address(c->set, &rules);
	value.n -= str_ends(value, STR("\n"));
	if (address_field_rewrite(&rules, buf_str(&c->name), value, &fresh)) {
		emit(c, buf_str(&fresh));
		emit(c, STR("\n"));
	} else {
		emit(c, buf_str(&c->field));
	}
	buf_reset(&c->field);
}

/* A piece of a field that passes. */
static void add_value(struct cleanup *c, struct str s)
{
	if (c->collects && buf_add(&c->field, s))
		return;
	if (c->collects) {
		/* Too long: what there is goes out, and the rest after it. */
		c->collects = false;
		emit(c, buf_str(&c->field));
		buf_reset(&c->field);
	}
	emit(c, s);
}

/* The line up to its colon is in c->line. */
static void begin_field(struct cleanup *c)
{
	struct str name = header_name(buf_str(&c->line), NULL);

	c->id = NULL;
	note_header(c, name);
	c->drop = header_listed(name, str_c(c->set->message_drop_headers));
	c->at = AT_FIELD;
	c->first = false;
	if (!c->drop) {
		emit(c, name);
		emit(c, STR(":"));
		c->collects = c->from->local && address_field_known(name) &&
		    buf_set(&c->name, name);
	}
	buf_reset(&c->line);
}

/* "From x" or ">From x" before the first header: a mailbox's separator. */
static bool is_from_line(struct str s)
{
	while (s.n != 0 && *s.p == '>')
		s = str_skip(s, 1);
	return str_starts(s, STR("From "));
}

/* One more byte of a line of the header block that is undecided. */
static void name_byte(struct cleanup *c, char ch)
{
	if (!buf_addch(&c->line, ch)) {
		begin_body(c);
		emit(c, (struct str){ &ch, 1 });
		return;
	}
	if (c->first && is_from_line(buf_str(&c->line))) {
		emit(c, STR("X-Mailbox-Line: "));
		emit(c, buf_str(&c->line));
		buf_reset(&c->line);
		c->at = AT_FIELD;
		c->drop = false;
		c->id = NULL;
		return;
	}
	switch (header_begins(buf_str(&c->line))) {
	case HEADER_YES:
		begin_field(c);
		break;
	case HEADER_NO:
		begin_body(c);
		break;
	case HEADER_MORE:
		break;
	}
}

/* A piece of a known header field, with at most a newline at its end. */
static void field_bytes(struct cleanup *c, struct str s)
{
	if (!c->drop)
		add_value(c, s);
	if (s.p[s.n - 1] == '\n') {
		c->at = AT_START;
		s.n--;
	}
	if (c->id != NULL)
		buf_add(c->id, s);
}

/* The first byte of a line of the header block. */
static void start_byte(struct cleanup *c, struct str s)
{
	buf_reset(&c->line);
	c->at = AT_NAME;
	if (!header_folded(s))
		end_field(c);
	if (*s.p == '\n') {
		end_header(c);
		emit(c, s);
	} else if (!header_folded(s)) {
		name_byte(c, *s.p);
	} else if (c->first) {
		buf_add(&c->line, s);
		begin_body(c);
	} else {
		c->at = AT_FIELD;
		field_bytes(c, s);
	}
}

/* The first reason counts; the rest of the message is read all the same. */
static void refuse(struct cleanup *c, const char *dsn, const char *kind,
    const char *text)
{
	const struct cleanup_origin *f = c->from;
	AUTO_BUF b = BUF_MAX(16384);

	if (c->refused.text[0] != '\0')
		return;
	err_perm(&c->refused, dsn, "%s", text);
	buf_addf(&b, "%s from %s[%s]; from=<%.*s>", text, f->client_name,
	    f->client_addr, STR_ARG(f->sender));
	if (f->rcpt.n != 0)
		buf_addf(&b, " to=<%.*s>", STR_ARG(f->rcpt));
	say(c, LOG_INFORM, kind, buf_str(&b));
}

static void check_header(struct cleanup *c, struct str s)
{
	size_t i;

	if (!c->set->strict_7bit_headers && !c->set->strict_8bitmime)
		return;
	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			refuse(c, "5.6.0", "reject: mime-error ",
			    "improper use of 8-bit data in message header");
}

/* Take some bytes that hold no CR; the return value says how many. */
static size_t plain_some(struct cleanup *c, struct str s)
{
	ptrdiff_t nl;

	switch (c->at) {
	case AT_START:
		start_byte(c, str_head(s, 1));
		return 1;
	case AT_NAME:
		if (*s.p != '\n') {
			name_byte(c, *s.p);
			return 1;
		}
		begin_body(c);
		return 0;
	case AT_FIELD:
		nl = str_find(s, '\n');
		s = str_head(s, nl < 0 ? s.n : (size_t)nl + 1);
		field_bytes(c, s);
		return s.n;
	case AT_BODY:
		emit(c, s);
		break;
	}
	return s.n;
}

static void pass(struct cleanup *c, struct str s)
{
	size_t n;

	while (s.n != 0) {
		bool header = c->at != AT_BODY;

		n = plain_some(c, s);
		if (header && c->at != AT_BODY)
			check_header(c, str_head(s, n));
		s = str_skip(s, n);
	}
}

static void plain(struct cleanup *c, struct str s)
{
	size_t n;

	if (c->reject.any && octets_span(&c->reject, s) < s.n)
		refuse(c, "5.7.1", "reject: content: ", "disallowed character");
	while (c->strip.any && (n = octets_span(&c->strip, s)) < s.n) {
		pass(c, str_head(s, n));
		s = str_skip(s, n + 1);
	}
	pass(c, s);
}

/* CRs were held back, and ch follows: those that end a line vanish. */
static void release_cr(struct cleanup *c, char ch)
{
	size_t vanish = ch != '\n' ? 0 : c->from->lax_cr ? c->cr : 1;
	bool blank = c->set->cleanup_replace_stray_cr_lf;

	for (; c->cr > vanish; c->cr--)
		plain(c, blank ? STR(" ") : STR("\r"));
	c->cr = 0;
}

void cleanup_data(struct cleanup *c, struct str bytes)
{
	while (bytes.n != 0 && c->st == ST_OK) {
		struct str run;

		if (c->cr != 0 && *bytes.p != '\r')
			release_cr(c, *bytes.p);
		if (str_cut(&bytes, '\r', &run)) {
			plain(c, run);
			c->cr++;
		} else {
			plain(c, run);
		}
	}
}

/* A line without its end; headers without a body. */
static void finish(struct cleanup *c)
{
	release_cr(c, '\0');
	if (c->at == AT_NAME)
		begin_body(c);
	else if (c->at == AT_FIELD)
		field_bytes(c, STR("\n"));
	end_field(c);
	if (c->at == AT_BODY && !c->after_lf)
		emit(c, STR("\n"));
	else if (c->at != AT_BODY)
		end_header(c);
	if (c->mime == NULL)
		return;
	relay_qp_end(c->mime, &c->unused);
	if (c->mime->misused)
		refuse(c, "5.6.0", "reject: mime-error ",
		    "improper use of 8-bit data in message body");
}

enum st cleanup_end(struct cleanup *c, struct err *e)
{
	if (c->st == ST_OK)
		finish(c);
	if (c->st == ST_OK)
		c->st = spool_seal(c->out, &c->err);
	if (c->st != ST_OK) {
		if (e != NULL)
			*e = c->err;
		return c->st;
	}
	if (c->refused.text[0] != '\0') {
		if (e != NULL)
			*e = c->refused;
		return ST_PERM;
	}
	if (too_many_hops(c)) {
		say(c, LOG_WARN, "message rejected: hopcount exceeded",
		    STR_NONE);
		return err_perm(e, "5.4.0", "Error: too many hops");
	}
	return ST_OK;
}
