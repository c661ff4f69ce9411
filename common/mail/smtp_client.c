/* smtp_client - commands and replies, read straight down. */

#include "mail/smtp_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "net/sasl.h"

/* No sane server says more in one reply. */
#define REPLY_LINES 200

void smtp_client_clear(struct smtp_client *c)
{
	buf_clear(&c->mechs);
}

void smtp_reply_clear(struct smtp_reply *r)
{
	buf_clear(&r->text);
}

void smtp_reply_dsn(const struct smtp_reply *r, char dsn[10])
{
	struct str rest = buf_str(&r->text), word;
	size_t i, dots = 0;

	dsn[0] = '\0';
	if (!str_word(&rest, " \n", &word) || word.n > 9 || word.n < 5)
		return;
	for (i = 0; i < word.n; i++) {
		if (word.p[i] == '.')
			dots++;
		else if (word.p[i] < '0' || word.p[i] > '9')
			return;
	}
	if (dots == 2 && strchr("245", word.p[0]) != NULL) {
		memcpy(dsn, word.p, word.n);
		dsn[word.n] = '\0';
	}
}

static void trace(struct smtp_client *c, char way, struct str line)
{
	if (c->trace != NULL)
		c->trace(way, line, c->arg);
}

static enum st bad_reply(struct err *e, struct str line)
{
	return err_temp(e, "4.5.0", "this is no SMTP reply: \"%.*s\"",
	    STR_ARG(line));
}

enum st smtp_read(struct smtp_client *c, struct smtp_reply *r, struct err *e)
{
	struct str line;
	uint64_t code;
	enum st st;
	int n = 0;

	buf_reset(&r->text);
	do {
		st = conn_line(c->conn, &line, e);
		if (st == ST_NONE)
			return err_temp(e, "4.4.2",
			    "the SMTP server has closed the connection");
		if (st != ST_OK)
			return st;
		/* Half of one says nothing. */
		if (!str_ends(line, STR("\n")))
			return bad_reply(e, str_head(line, 80));
		line = str_trim_right(line);
		trace(c, '<', line);
		if (line.n < 3 || !num_u64(str_head(line, 3), 599, &code) ||
		    code < 100 || ++n > REPLY_LINES ||
		    (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-'))
			return bad_reply(e, line);
		r->code = (int)code;
		if (r->text.n != 0)
			buf_addch(&r->text, '\n');
		buf_add(&r->text, str_skip(line, 4));
	} while (line.n > 3 && line.p[3] == '-');
	return ST_OK;
}

static enum st send_v(struct smtp_client *c, struct err *e, const char *fmt,
    va_list ap) PRINTF(3, 0);
static enum st send_v(struct smtp_client *c, struct err *e, const char *fmt,
    va_list ap)
{
	char *text = NULL;
	int n = vasprintf(&text, fmt, ap);
	enum st st;

	if (n < 0)
		bug("no memory to format a command");
	/* No address, whatever is in it, becomes two commands. */
	if (strpbrk(text, "\r\n") != NULL) {
		free(text);
		return err_temp(e, "4.3.0", "line break in an SMTP command");
	}
	trace(c, '>', str_c(text));
	st = conn_put(c->conn, (struct str){ text, (size_t)n }, e);
	free(text);
	if (st == ST_OK)
		st = conn_put(c->conn, STR("\r\n"), e);
	return st;
}

enum st smtp_send(struct smtp_client *c, struct err *e, const char *fmt, ...)
{
	va_list ap;
	enum st st;

	va_start(ap, fmt);
	st = send_v(c, e, fmt, ap);
	va_end(ap);
	return st;
}

enum st smtp_command(struct smtp_client *c, struct smtp_reply *r, struct err *e,
    const char *fmt, ...)
{
	va_list ap;
	enum st st;

	va_start(ap, fmt);
	st = send_v(c, e, fmt, ap);
	va_end(ap);
	if (st == ST_OK)
		st = conn_flush(c->conn, e);
	return st == ST_OK ? smtp_read(c, r, e) : st;
}

static const struct {
	const char *keyword;
	enum smtp_feature feature;
} features[] = {
	{ "PIPELINING", SMTP_PIPELINING },
	{ "SIZE", SMTP_SIZE },
	{ "8BITMIME", SMTP_8BITMIME },
	{ "STARTTLS", SMTP_STARTTLS },
	{ "AUTH", SMTP_AUTH },
	{ "ENHANCEDSTATUSCODES", SMTP_ENHANCED },
	{ "SMTPUTF8", SMTP_UTF8 },
	{ "DSN", SMTP_DSN },
};

static void read_features(struct smtp_client *c, const struct smtp_reply *r)
{
	struct str rest = buf_str(&r->text), line, word;
	bool more = str_cut(&rest, '\n', &line); /* the name */
	size_t i;

	c->features = 0;
	c->size_limit = 0;
	buf_reset(&c->mechs);
	while (more) {
		more = str_cut(&rest, '\n', &line);
		if (!str_word(&line, " =", &word))
			continue;
		for (i = 0; i < NELEM(features); i++)
			if (str_ieqc(word, features[i].keyword))
				c->features |= features[i].feature;
		if (str_ieqc(word, "AUTH")) {
			c->mechs.max = SMTP_REPLY_MAX;
			buf_addch(&c->mechs, ' ');
			buf_add(&c->mechs, line);
		}
		if (str_ieqc(word, "SIZE") &&
		    !num_u64(str_trim(line), UINT64_MAX, &c->size_limit))
			c->size_limit = 0;
	}
}

enum st smtp_hello(struct smtp_client *c, const char *name,
    struct smtp_reply *r, struct err *e)
{
	enum st st =
	    smtp_command(c, r, e, "%s %s", c->lmtp ? "LHLO" : "EHLO", name);

	if (st != ST_OK)
		return st;
	if (r->code / 100 == 2) {
		read_features(c, r);
		return ST_OK;
	}
	if (c->lmtp || r->code == 421)
		return ST_OK;
	c->features = 0;
	return smtp_command(c, r, e, "HELO %s", name);
}

/* A line of base64: nobody needs to see it. */
static enum st send_secret(struct smtp_client *c, const char *before,
    const char *text, struct err *e)
{
	AUTO_BUF shown = BUF_MAX(100);

	buf_addf(&shown, "%s*", before);
	trace(c, '>', buf_str(&shown));
	if (conn_putf(c->conn, e, "%s%s\r\n", before, text) != ST_OK)
		return ST_TEMP;
	return conn_flush(c->conn, e);
}

static enum st auth_begin(struct smtp_client *c, struct sasl *s, struct err *e)
{
	AUTO_BUF command = BUF_MAX(100);
	AUTO_BUF answer = BUF_MAX(SASL_MAX * 2);

	buf_addf(&command, "AUTH %s", sasl_name(s));
	if (!sasl_is_initial(s)) {
		if (smtp_send(c, e, "%s", buf_c(&command)) != ST_OK)
			return ST_TEMP;
		return conn_flush(c->conn, e);
	}
	buf_addch(&command, ' ');
	if (sasl_answer(s, STR(""), &answer, e) != ST_OK)
		return ST_TEMP;
	return send_secret(c, buf_c(&command), buf_c(&answer), e);
}

enum st smtp_auth(struct smtp_client *c, const char *user, const char *password,
    struct smtp_reply *r, struct err *e)
{
	struct sasl s = { .user = user, .password = password };
	enum st st;

	if (!sasl_choose(&s, buf_str(&c->mechs), NULL))
		return ST_NONE;
	st = auth_begin(c, &s, e);
	if (st == ST_OK)
		st = smtp_read(c, r, e);
	while (st == ST_OK && r->code == 334) {
		AUTO_BUF answer = BUF_MAX(SASL_MAX * 2);

		/* "*" gives up: RFC 4954 4. */
		if (sasl_answer(&s, buf_str(&r->text), &answer, e) != ST_OK)
			buf_setf(&answer, "*");
		st = send_secret(c, "", buf_c(&answer), e);
		if (st == ST_OK)
			st = smtp_read(c, r, e);
	}
	return st;
}

void smtp_text_begin(struct smtp_client *c)
{
	dot_begin(&c->dot);
}

enum st smtp_text(struct smtp_client *c, struct str piece, struct err *e)
{
	struct str part;

	while (dot_next(&c->dot, &piece, &part))
		if (conn_put(c->conn, part, e) != ST_OK)
			return ST_TEMP;
	return ST_OK;
}

enum st smtp_text_end(struct smtp_client *c, struct err *e)
{
	if (conn_put(c->conn, dot_end(&c->dot), e) != ST_OK)
		return ST_TEMP;
	return conn_flush(c->conn, e);
}
