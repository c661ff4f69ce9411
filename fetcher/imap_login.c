/* imap_login - greeting, capabilities, TLS, authentication. Runs in: poll
 * child. */

#include "fetcher/imap.h"

#include <string.h>

#include "fetcher/method.h"
#include "fetcher/report.h"

#define GREETING_MAX 65536

static struct imap *of(struct proto *b)
{
	return (struct imap *)b;
}

/* "* OK", "* PREAUTH" or "* BYE": RFC 3501 7.1. */
enum status imap_greet(struct proto *b, struct err *e)
{
	struct imap *p = of(b);
	AUTO_BUF word = BUF_MAX(64);
	enum status st;
	char c;

	p->in.conn = b->conn;
	p->in.left = GREETING_MAX;
	st = imap_expect(&p->in, '*', e);
	if (st == PS_SUCCESS)
		st = imap_expect(&p->in, ' ', e);
	if (st == PS_SUCCESS)
		st = imap_peek(&p->in, &c, e);
	if (st == PS_SUCCESS)
		st = imap_atom(&p->in, &word, e);
	if (st == PS_SUCCESS)
		st = imap_rest(&p->in, &b->reply, e);
	if (st != PS_SUCCESS)
		return st;
	if (str_ieqc(buf_str(&word), "BYE")) {
		err_temp(e, "", "Received BYE response from IMAP server:%s",
		    buf_c(&b->reply));
		return PS_SOCKET;
	}
	b->logged_in = str_ieqc(buf_str(&word), "PREAUTH");
	if (b->logged_in || str_ieqc(buf_str(&word), "OK"))
		return PS_SUCCESS;
	err_temp(e, "", "this is no IMAP greeting: \"%s\"", buf_c(&word));
	return PS_PROTOCOL;
}

enum status imap_capa(struct proto *b, struct err *e)
{
	enum status st = imap_command(of(b), e, "CAPABILITY");

	return st == PS_ERROR ? PS_SUCCESS : st; /* an old server */
}

enum status imap_tls(struct proto *b, const struct tls_rules *rules,
    struct err *e)
{
	struct imap *p = of(b);
	enum status st = imap_command(p, e, "STARTTLS");

	if (st == PS_ERROR)
		err_temp(e, "", "STARTTLS: %s", buf_c(&b->reply));
	if (st != PS_SUCCESS)
		return PS_SOCKET;
	/* What was said in clear text counts for nothing. */
	p->in.piece = STR_NONE;
	if (conn_starttls(b->conn, rules, e) != ST_OK)
		return PS_SOCKET;
	return imap_capa(b, e);
}

/* --- a mechanism -------------------------------------------------------------- */

/* "+ CHALLENGE" until the tag. */
static enum status answer_all(struct imap *p, struct sasl *s, struct err *e)
{
	enum status st;
	enum st made;

	p->may_continue = true;
	while ((st = imap_await(p, e)) == IMAP_STOPPED) {
		AUTO_BUF answer = BUF_MAX(SASL_MAX * 2);

		made = sasl_answer(s, str_trim(buf_str(&p->base.reply)),
		    &answer, e);
		st = imap_send(p, made == ST_OK ? buf_c(&answer) : "*", "*", e);
		if (answer.p != NULL)
			explicit_bzero(answer.p, answer.n);
		if (st != PS_SUCCESS)
			break;
	}
	p->may_continue = false;
	return st;
}

/* RFC 4959: the first answer with the command, "=" when it is empty. */
static enum status add_first(struct imap *p, struct sasl *s, struct buf *line,
    struct err *e)
{
	size_t before = line->n;

	if (!p->sasl_ir || !sasl_is_initial(s))
		return PS_SUCCESS;
	buf_addch(line, ' ');
	if (sasl_answer(s, STR_NONE, line, e) != ST_OK)
		return PS_AUTHFAIL;
	if (line->n == before + 1)
		buf_addch(line, '=');
	return PS_SUCCESS;
}

/* What NO means, in the words of who knows more. */
static enum status refused(const struct imap *p, struct sasl *s, enum status st,
    struct err *e)
{
	if (st == PS_ERROR && s->trouble[0] != '\0') {
		err_temp(e, "", "%s", buf_c(&p->base.reply));
		method_explain(s, e);
		st = PS_AUTHFAIL;
	}
	sasl_clear(s);
	return st;
}

/* PS_NOMAIL: it is not offered. */
static enum status authenticate(struct imap *p, const char *mech, struct err *e)
{
	struct sasl s = { .user = p->base.a->user,
		.password = p->base.a->password };
	AUTO_BUF line = BUF_MAX(SASL_MAX * 2);
	AUTO_BUF shown = BUF_MAX(128);
	enum status st;

	if (!sasl_choose(&s, buf_str(&p->sasl), mech))
		return PS_NOMAIL;
	if (method_check_line(p->base.a, mech, p->base.conn, e) != ST_OK)
		return PS_AUTHFAIL;
	imap_begin(p, &line);
	buf_addf(&line, "AUTHENTICATE %s", sasl_name(&s));
	buf_set(&shown, buf_str(&line));
	st = add_first(p, &s, &line, e);
	if (line.n != shown.n)
		buf_addc(&shown, " *");
	if (st == PS_SUCCESS)
		st = imap_send(p, buf_c(&line), buf_c(&shown), e);
	if (st == PS_SUCCESS)
		st = answer_all(p, &s, e);
	if (st == PS_SUCCESS && sasl_end(&s, e) != ST_OK)
		st = PS_PROTOCOL;
	explicit_bzero(line.p, line.n);
	return refused(p, &s, st, e);
}

/* --- LOGIN -------------------------------------------------------------------- */

/* A word that cannot be quoted goes as a literal, in a line of its own. */
static enum status add_word(struct imap *p, struct buf *line, struct buf *shown,
    const char *word, struct err *e)
{
	AUTO_BUF quoted = BUF_MAX(SASL_MAX);
	enum status st;

	if (imap_quote(&quoted, str_c(word))) {
		buf_add(line, buf_str(&quoted));
		return PS_SUCCESS;
	}
	if (strpbrk(word, "\r\n") != NULL) {
		err_temp(e, "", "line break in a user name or password");
		return PS_AUTHFAIL;
	}
	buf_addf(line, "{%zu%s}", strlen(word), p->literal_plus ? "+" : "");
	buf_addf(shown, "{%zu}", strlen(word));
	st = imap_send(p, buf_c(line), buf_c(shown), e);
	buf_setf(line, "%s", word);
	buf_reset(shown);
	if (st != PS_SUCCESS || p->literal_plus)
		return st;
	p->may_continue = true;
	st = imap_await(p, e);
	p->may_continue = false;
	if (st == PS_SUCCESS) {
		err_temp(e, "", "logged in without a password?");
		return PS_PROTOCOL;
	}
	return st == IMAP_STOPPED ? PS_SUCCESS : st;
}

static enum status login(struct imap *p, struct err *e)
{
	const struct account *a = p->base.a;
	AUTO_BUF line = BUF_MAX(SASL_MAX * 2);
	AUTO_BUF shown = BUF_MAX(SASL_MAX * 2);
	enum status st;

	imap_begin(p, &line);
	buf_addc(&line, "LOGIN ");
	buf_set(&shown, buf_str(&line));
	st = add_word(p, &line, &shown, a->user, e);
	if (st != PS_SUCCESS)
		return st;
	buf_addch(&line, ' ');
	buf_addf(&shown, "\"%s\" ", a->user);
	st = add_word(p, &line, &shown, a->password, e);
	if (st == PS_SUCCESS) {
		buf_addch(&shown, '*');
		st = imap_send(p, buf_c(&line), buf_c(&shown), e);
	}
	if (line.p != NULL)
		explicit_bzero(line.p, line.n);
	return st == PS_SUCCESS ? imap_await(p, e) : st;
}

/* --- which ------------------------------------------------------------------- */

/* A password in clear text: where LOGIN is off, as a mechanism. */
static enum status plain_login(struct imap *p, struct err *e)
{
	enum status st;

	if (!p->login_disabled)
		return login(p, e);
	st = authenticate(p, "PLAIN", e);
	if (st == PS_NOMAIL)
		st = authenticate(p, "LOGIN", e);
	if (st != PS_NOMAIL)
		return st;
	err_temp(e, "",
	    "the server does not allow LOGIN here (LOGINDISABLED), "
	    "nor another method that we have; with TLS it may");
	return PS_AUTHFAIL;
}

/* The best that is allowed and offered; PS_NOMAIL: none is. */
static enum status best(struct imap *p, struct err *e)
{
	enum status st = PS_NOMAIL;
	const char *mech;
	size_t n;

	for (n = 0; (mech = method_name(p->base.a, n)) != NULL; n++)
		if (st == PS_NOMAIL)
			st = authenticate(p, mech, e);
	return st;
}

static enum status log_in(struct imap *p, struct err *e)
{
	const struct account *a = p->base.a;
	enum status st = best(p, e);

	if (st == PS_NOMAIL && method_is_named(a)) {
		err_temp(e, "",
		    "the server does not offer %s; say: auth password",
		    method_name(a, 0));
		return PS_AUTHFAIL;
	}
	if (opt_num(&a->o, OPT_AUTH) == AUTH_SSH) {
		err_temp(e, "",
		    "auth ssh, and the server has not logged us in "
		    "(PREAUTH)");
		return PS_AUTHFAIL;
	}
	if (st == PS_NOMAIL || (st == PS_ERROR && !method_is_named(a)))
		st = plain_login(p, e);
	return st;
}

/* RFC 5530, and what servers write in plain words. */
static enum status refusal(struct str text)
{
	static const struct {
		const char *code;
		enum status st;
	} rows[] = {
		{ "[UNAVAILABLE]", PS_SERVBUSY },
		{ "[INUSE]", PS_LOCKBUSY },
		{ "[IN-USE]", PS_LOCKBUSY },
	};
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (str_search(text, str_c(rows[i].code)) >= 0)
			return rows[i].st;
	return PS_AUTHFAIL;
}

enum status imap_login(struct proto *b, struct err *e)
{
	enum status st = log_in(of(b), e);

	if (st != PS_ERROR)
		return st;
	err_temp(e, "", "%s", buf_c(&b->reply));
	return refusal(buf_str(&b->reply));
}
