/* pop3 - commands and answers, read straight down. */

#include "fetcher/pop3.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "fetcher/method.h"
#include "fetcher/report.h"
#include "net/sasl.h"

/* Bounds what is kept of a list: UIDs, and lines that CAPA may have. */
#define UIDS_MAX  ((size_t)64 << 20)
#define CAPA_MAX  256
#define REPLY_MAX 4096
/* Lines of a list about messages that STAT did not count. */
#define EXTRA_LINES 1000
#define QUIET_MS    1000

void pop3_clear(struct pop3 *p)
{
	buf_clear(&p->base.reply);
	buf_clear(&p->sasl);
	buf_clear(&p->greeting);
	arena_clear(&p->base.arena);
	p->uids = NULL;
	p->sizes = NULL;
}

static enum status read_line(struct pop3 *p, struct str *line, struct err *e)
{
	enum st st = conn_line(p->base.conn, line, e);

	if (st == ST_NONE)
		st = err_temp(e, "", "the server has closed the connection");
	return st == ST_OK ? PS_SUCCESS : PS_SOCKET;
}

/* PS_NOMAIL: a challenge. */
static enum status read_any(struct pop3 *p, struct err *e)
{
	struct str line, word;
	enum status st = read_line(p, &line, e);

	if (st != PS_SUCCESS)
		return st;
	line = str_trim_right(line);
	report_dialogue("POP3", '<', line);
	p->base.reply.max = REPLY_MAX;
	buf_reset(&p->base.reply);
	if (!str_word(&line, " \t", &word))
		word = STR("");
	buf_add(&p->base.reply, str_head(str_trim(line), REPLY_MAX));
	if (str_eqc(word, "+OK"))
		return PS_SUCCESS;
	if (str_eqc(word, "+"))
		return PS_NOMAIL; /* a challenge */
	if (str_istarts(word, STR("-ERR")))
		return PS_ERROR;
	err_temp(e, "", "this is no POP3 answer: \"%.*s\"", STR_ARG(word));
	return PS_PROTOCOL;
}

enum status pop3_status(struct pop3 *p, struct err *e)
{
	enum status st = read_any(p, e);

	if (st != PS_NOMAIL)
		return st;
	err_temp(e, "", "a challenge, and nobody asked for it");
	return PS_PROTOCOL;
}

/* What of a line is shown: so many bytes, then a star; 0: all. */
#define SECRET SIZE_MAX

static enum status put_line(struct pop3 *p, const char *text, size_t secret,
    struct err *e)
{
	AUTO_BUF shown = BUF_MAX(1024);

	if (strpbrk(text, "\r\n") != NULL) {
		err_temp(e, "", "line break in a POP3 command");
		return PS_PROTOCOL;
	}
	buf_add(&shown,
	    str_head(str_c(text),
		secret == SECRET  ? 0
		    : secret != 0 ? secret
				  : 1024));
	if (secret != 0)
		buf_addch(&shown, '*');
	report_dialogue("POP3", '>', buf_str(&shown));
	return conn_putf(p->base.conn, e, "%s\r\n", text) == ST_OK ? PS_SUCCESS
								   : PS_SOCKET;
}

static enum status send_line(struct pop3 *p, const char *text, size_t secret,
    struct err *e)
{
	enum status st = put_line(p, text, secret, e);

	if (st == PS_SUCCESS && conn_flush(p->base.conn, e) != ST_OK)
		return PS_SOCKET;
	return st;
}

enum status pop3_put(struct pop3 *p, struct err *e, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return put_line(p, line, 0, e);
}

enum status pop3_command(struct pop3 *p, struct err *e, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	enum status st;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		bug("no memory to format a command");
	/* What comes before its answer. */
	st = p->due_n != 0 ? pop3_catch_up(p, e) : PS_SUCCESS;
	if (st == PS_SUCCESS || st == PS_ERROR)
		st = send_line(p, text,
		    str_starts(str_c(text), STR("PASS ")) ? 5 : 0, e);
	free(text);
	return st == PS_SUCCESS ? pop3_status(p, e) : st;
}

enum status pop3_greeting(struct pop3 *p, struct err *e)
{
	enum status st = pop3_status(p, e);

	if (st == PS_ERROR) {
		err_temp(e, "", "%s", buf_c(&p->base.reply));
		return PS_AUTHFAIL;
	}
	p->greeting.max = REPLY_MAX;
	buf_set(&p->greeting, buf_str(&p->base.reply));
	p->greeting_maillennium =
	    str_search(buf_str(&p->base.reply), STR("Maillennium POP3")) >= 0;
	return st;
}

/* The next line of a list answer; PS_NOMAIL at its end. */
static enum status list_line(struct pop3 *p, struct str *line, struct err *e)
{
	enum status st = read_line(p, line, e);

	if (st != PS_SUCCESS)
		return st;
	*line = str_trim_right(*line);
	report_dialogue("POP3", '<', *line);
	if (str_eqc(*line, "."))
		return PS_NOMAIL;
	if (line->n > 1 && *line->p == '.')
		*line = str_skip(*line, 1);
	return PS_SUCCESS;
}

static enum status no_end(struct err *e, const char *to)
{
	err_temp(e, "", "the answer to %s does not end", to);
	return PS_PROTOCOL;
}

enum status pop3_capa(struct pop3 *p, struct err *e)
{
	static const struct {
		const char *name;
		size_t flag;
	} rows[] = {
		{ "STLS", offsetof(struct pop3, base.tls_offered) },
		{ "TOP", offsetof(struct pop3, top) },
		{ "USER", offsetof(struct pop3, user) },
		{ "UIDL", offsetof(struct pop3, uidl) },
		{ "PIPELINING", offsetof(struct pop3, pipelining) },
	};
	struct str line, word;
	enum status st = pop3_command(p, e, "CAPA");
	size_t i, lines = 0;

	if (st == PS_SOCKET)
		return st;
	if (st != PS_SUCCESS)
		return PS_SUCCESS; /* an old server: it has none */
	p->capa = true;
	while ((st = list_line(p, &line, e)) == PS_SUCCESS) {
		if (lines++ == CAPA_MAX)
			return no_end(e, "CAPA");
		if (!str_word(&line, " ", &word))
			continue;
		if (str_ieqc(word, "SASL")) {
			p->sasl.max = REPLY_MAX;
			buf_set(&p->sasl, str_head(line, REPLY_MAX));
		}
		for (i = 0; i < NELEM(rows); i++)
			if (str_ieqc(word, rows[i].name))
				*(bool *)((char *)p + rows[i].flag) = true;
	}
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

enum status pop3_stls(struct pop3 *p, const struct tls_rules *rules,
    struct err *e)
{
	enum status st = pop3_command(p, e, "STLS");

	if (st == PS_ERROR)
		err_temp(e, "", "STLS: %s", buf_c(&p->base.reply));
	if (st != PS_SUCCESS)
		return PS_SOCKET;
	if (conn_starttls(p->base.conn, rules, e) != ST_OK)
		return PS_SOCKET;
	/* What was said in clear text counts for nothing. */
	buf_reset(&p->sasl);
	p->capa = p->base.tls_offered = p->top = p->user = p->uidl =
	    p->pipelining = false;
	return pop3_capa(p, e);
}

/* RFC 2449 8, RFC 3206, and what servers write in plain words. */
static enum status login_refusal(struct str text)
{
	static const char *const busy[] = { "lock", "Lock", "LOCK", "wait",
		"[IN-USE]", "[LOGIN-DELAY]" };
	size_t i;

	for (i = 0; i < NELEM(busy); i++)
		if (str_search(text, str_c(busy[i])) >= 0)
			return PS_LOCKBUSY;
	if ((str_search(text, STR("service")) >= 0 ||
		str_search(text, STR("Service")) >= 0) &&
	    str_search(text, STR("unavailable")) >= 0)
		return PS_SERVBUSY;
	return PS_AUTHFAIL;
}

static enum status logged_in(struct pop3 *p, enum status st, struct err *e)
{
	if (st != PS_ERROR)
		return st;
	err_temp(e, "", "%s", buf_c(&p->base.reply));
	return login_refusal(buf_str(&p->base.reply));
}

enum status pop3_login(struct pop3 *p, const char *user, const char *password,
    struct err *e)
{
	enum status st = pop3_command(p, e, "USER %s", user);

	if (st == PS_SUCCESS)
		st = pop3_command(p, e, "PASS %s", password);
	return logged_in(p, st, e);
}

/* The "<...@...>" of the greeting, printable only. */
static bool time_stamp(struct str greeting, struct str *stamp)
{
	ptrdiff_t open = str_find(greeting, '<');
	ptrdiff_t end = str_rfind(greeting, '>');
	size_t i;

	if (open < 0 || end < open)
		return false;
	*stamp = str_head(str_skip(greeting, (size_t)open),
	    (size_t)(end - open) + 1);
	for (i = 0; i < stamp->n; i++)
		if (stamp->p[i] <= ' ' || stamp->p[i] > '~')
			return false;
	return str_find(*stamp, '@') > 0;
}

enum status pop3_apop(struct pop3 *p, const char *user, const char *password,
    struct err *e)
{
	struct str stamp;
	char hex[33];

	if (!time_stamp(buf_str(&p->greeting), &stamp)) {
		err_temp(e, "",
		    "the server has no time stamp for APOP in its "
		    "greeting; say: protocol pop3");
		return PS_AUTHFAIL;
	}
	if (sasl_md5(stamp, str_c(password), hex, e) != ST_OK)
		return PS_AUTHFAIL;
	return logged_in(p, pop3_command(p, e, "APOP %s %s", user, hex), e);
}

/* "+ CHALLENGE" until +OK or -ERR. */
static enum status auth_steps(struct pop3 *p, struct sasl *s, struct err *e)
{
	enum status st;
	enum st made;

	while ((st = read_any(p, e)) == PS_NOMAIL) {
		AUTO_BUF answer = BUF_MAX(SASL_MAX * 2);

		made = sasl_answer(s, buf_str(&p->base.reply), &answer, e);
		st = send_line(p, made == ST_OK ? buf_c(&answer) : "*", SECRET,
		    e);
		if (answer.p != NULL)
			explicit_bzero(answer.p, answer.n);
		if (st != PS_SUCCESS)
			return st;
	}
	return st;
}

/* +OK counts when the server has proven what it had to prove. */
static enum status proven(struct sasl *s, enum status st, struct err *e)
{
	if (st == PS_SUCCESS && sasl_end(s, e) != ST_OK)
		return PS_PROTOCOL;
	return st;
}

/* In two steps always: RFC 5034 allows it, and Microsoft wants it. */
enum status pop3_auth(struct pop3 *p, const char *mech, const char *user,
    const char *password, struct err *e)
{
	struct sasl s = { .user = user, .password = password };
	AUTO_BUF line = BUF_MAX(64);
	enum status st;

	if (!sasl_choose(&s, buf_str(&p->sasl), mech))
		return PS_NOMAIL;
	buf_setf(&line, "AUTH %s", sasl_name(&s));
	st = send_line(p, buf_c(&line), 0, e);
	if (st == PS_SUCCESS)
		st = auth_steps(p, &s, e);
	st = proven(&s, logged_in(p, st, e), e);
	if (st != PS_SUCCESS)
		method_explain(&s, e);
	sasl_clear(&s);
	return st;
}

static enum status bad_answer(struct err *e, const char *to, struct str text)
{
	err_temp(e, "", "bad answer to %s: \"%.*s\"", to, STR_ARG(text));
	return PS_PROTOCOL;
}

/* The nth number (from 0) of a line. */
static bool number_at(struct str line, int nth, uint64_t *v)
{
	struct str word = STR_NONE;

	while (nth-- >= 0)
		if (!str_word(&line, " \t", &word))
			return false;
	return num_u64(word, INT64_MAX, v);
}

enum status pop3_stat(struct pop3 *p, uint64_t *count, uint64_t *octets,
    struct err *e)
{
	enum status st = pop3_command(p, e, "STAT");

	if (st == PS_ERROR) {
		err_temp(e, "", "%s", buf_c(&p->base.reply));
		return PS_ERROR;
	}
	if (st == PS_SUCCESS &&
	    (!number_at(buf_str(&p->base.reply), 0, count) ||
		!number_at(buf_str(&p->base.reply), 1, octets) ||
		*count > BOX_MAX))
		return bad_answer(e, "STAT", buf_str(&p->base.reply));
	return st;
}

enum status pop3_last(struct pop3 *p, uint64_t *last, struct err *e)
{
	enum status st = pop3_command(p, e, "LAST");

	*last = 0;
	if (st == PS_ERROR)
		return st;
	if (st == PS_SUCCESS && !number_at(buf_str(&p->base.reply), 0, last))
		return bad_answer(e, "LAST", buf_str(&p->base.reply));
	return st;
}

enum status pop3_uidl(struct pop3 *p, uint64_t count, const char **uids,
    struct err *e)
{
	struct str line, word;
	enum status st = pop3_command(p, e, "UIDL");
	uint64_t n, lines = 0;
	size_t kept = 0;

	if (st != PS_SUCCESS)
		return st;
	while ((st = list_line(p, &line, e)) == PS_SUCCESS) {
		if (!number_at(line, 0, &n) || !str_word(&line, " \t", &word) ||
		    !str_word(&line, " \t", &word))
			return bad_answer(e, "UIDL", line);
		if (lines++ == count + EXTRA_LINES)
			return no_end(e, "UIDL");
		if (n < 1 || n > count || uids[n] != NULL)
			continue;
		kept += word.n;
		if (kept > UIDS_MAX)
			return no_end(e, "UIDL");
		uids[n] = arena_strz(&p->base.arena, word);
	}
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

enum status pop3_uidl_one(struct pop3 *p, uint64_t n, const char **uid,
    struct err *e)
{
	struct str rest, word;
	enum status st = pop3_command(p, e, "UIDL %llu", (unsigned long long)n);
	uint64_t of;

	if (st != PS_SUCCESS)
		return st;
	rest = buf_str(&p->base.reply);
	if (!number_at(rest, 0, &of) || of != n ||
	    !str_word(&rest, " \t", &word) || !str_word(&rest, " \t", &word))
		return bad_answer(e, "UIDL", buf_str(&p->base.reply));
	*uid = arena_strz(&p->base.arena, word);
	return PS_SUCCESS;
}

enum status pop3_list_all(struct pop3 *p, uint64_t count, uint64_t *octets,
    struct err *e)
{
	struct str line;
	enum status st = pop3_command(p, e, "LIST");
	uint64_t n, size, lines = 0;

	if (st != PS_SUCCESS)
		return st;
	while ((st = list_line(p, &line, e)) == PS_SUCCESS) {
		if (!number_at(line, 0, &n) || !number_at(line, 1, &size))
			return bad_answer(e, "LIST", line);
		if (lines++ == count + EXTRA_LINES)
			return no_end(e, "LIST");
		if (n >= 1 && n <= count)
			octets[n] = size;
	}
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

enum status pop3_header(struct pop3 *p, uint64_t n, struct buf *header,
    struct err *e)
{
	struct str line;
	enum status st =
	    pop3_command(p, e, "TOP %llu 1", (unsigned long long)n);
	size_t octets = 0;

	if (st != PS_SUCCESS)
		return st;
	while ((st = list_line(p, &line, e)) == PS_SUCCESS) {
		octets += line.n + 1;
		if (octets > UIDS_MAX)
			return no_end(e, "TOP");
		if (buf_add(header, line))
			buf_addch(header, '\n');
	}
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

enum status pop3_list(struct pop3 *p, uint64_t n, uint64_t *octets,
    struct err *e)
{
	enum status st = pop3_command(p, e, "LIST %llu", (unsigned long long)n);

	*octets = 0;
	if (st == PS_SUCCESS && !number_at(buf_str(&p->base.reply), 1, octets))
		return bad_answer(e, "LIST", buf_str(&p->base.reply));
	return st;
}

void pop3_text_begins(struct pop3 *p)
{
	p->text_after_crlf = true;
	p->text_mid_line = false;
	p->text_octets = 0;
}

enum status pop3_retr(struct pop3 *p, uint64_t n, bool top, struct err *e)
{
	enum status st;

	pop3_text_begins(p);
	st = top
	    ? pop3_command(p, e, "TOP %llu 99999999", (unsigned long long)n)
	    : pop3_command(p, e, "RETR %llu", (unsigned long long)n);
	p->in_text = st == PS_SUCCESS;
	p->top_seen |= top && p->in_text;
	return st;
}

/*
 * RFC 1939 3: CRLF "." CRLF ends a text, and nothing else: after a bare LF a
 * dot may be the sender's, who would like us to take what follows for the
 * server's answers. Servers that send bare LFs exist; theirs is the end when
 * all the octets are there and the line stays quiet.
 */
static bool is_late_end(const struct pop3 *p)
{
	return p->text_size != 0 && p->text_octets >= p->text_size &&
	    conn_is_quiet(p->base.conn, QUIET_MS);
}

/* There are more answers behind it, so quiet tells nothing. */
static bool is_unclear(const struct pop3 *p)
{
	return p->text_size != 0 && p->text_octets >= p->text_size &&
	    p->due_n != 0;
}

/* PS_NOMAIL: this dot is the end. */
static enum status judge_dot(struct pop3 *p, struct err *e)
{
	if (!p->text_after_crlf && is_unclear(p)) {
		err_temp(e, "",
		    "the server ends lines without CR: where this "
		    "message ends is not clear");
		return PS_PROTOCOL;
	}
	if (!p->text_after_crlf && !is_late_end(p))
		return PS_SUCCESS;
	p->in_text = false;
	p->text_seen = true;
	return PS_NOMAIL;
}

enum status pop3_line(struct pop3 *p, struct str *line, struct err *e)
{
	enum status st = read_line(p, line, e);
	bool starts = !p->text_mid_line;

	if (st == PS_SUCCESS && starts && str_eqc(*line, ".\r\n"))
		st = judge_dot(p, e);
	if (st != PS_SUCCESS)
		return st;
	if (starts && line->n > 1 && *line->p == '.')
		*line = str_skip(*line, 1);
	p->text_octets += line->n;
	if (p->text_octets > TEXT_MAX)
		return no_end(e, "RETR or TOP");
	p->text_mid_line = line->n == 0 || line->p[line->n - 1] != '\n';
	if (!p->text_mid_line)
		p->text_after_crlf = str_ends(*line, STR("\r\n"));
	/* Then ends can be unclear: one at a time from now on. */
	if (!p->text_mid_line && !p->text_after_crlf)
		p->bare_lf = true;
	return PS_SUCCESS;
}
