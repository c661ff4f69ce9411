/* imap - commands and answers. Runs in: poll child. */

#include "fetcher/imap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "fetcher/report.h"

#define WORD_MAX  1024
#define REPLY_MAX 4096
/* All answers to one command, without texts. */
#define ANSWERS_MAX ((uint64_t)256 << 20)

void imap_clear(struct proto *b)
{
	struct imap *p = (struct imap *)b;

	buf_clear(&p->sasl);
	buf_clear(&p->folder);
	buf_clear(&p->marked.text);
	buf_clear(&p->store.text);
	buf_clear(&p->small);
	arena_clear(&p->names_arena);
}

static enum status bad_answer(struct err *e, const char *what)
{
	err_temp(e, "", "this is no IMAP answer: %s", what);
	return PS_PROTOCOL;
}

/* --- sending --------------------------------------------------------------- */

void imap_answers(struct imap *p)
{
	p->in.conn = p->base.conn;
	p->in.left = ANSWERS_MAX;
}

enum status imap_put(struct imap *p, const char *text, const char *shown,
    struct err *e)
{
	AUTO_BUF line = BUF_MAX(REPLY_MAX);

	if (strpbrk(text, "\r\n") != NULL)
		return bad_answer(e, "line break in a command");
	buf_add(&line,
	    str_head(str_c(shown != NULL ? shown : text), REPLY_MAX));
	report_dialogue("IMAP", '>', buf_str(&line));
	return conn_putf(p->base.conn, e, "%s\r\n", text) == ST_OK ? PS_SUCCESS
								   : PS_SOCKET;
}

enum status imap_send(struct imap *p, const char *text, const char *shown,
    struct err *e)
{
	enum status st = imap_put(p, text, shown, e);

	imap_answers(p);
	if (st == PS_SUCCESS && conn_flush(p->base.conn, e) != ST_OK)
		st = PS_SOCKET;
	return st;
}

void imap_begin(struct imap *p, struct buf *line)
{
	p->tag = p->tag % 9999 + 1;
	buf_setf(line, "A%04u ", p->tag);
}

enum status imap_command(struct imap *p, struct err *e, const char *fmt, ...)
{
	AUTO_BUF line = BUF_MAX(1 << 20);
	char *text = NULL;
	enum status st;
	va_list ap;
	int n;

	if (p->due_n != 0) {
		st = imap_catch_up(&p->base, e);
		if (st != PS_SUCCESS)
			return st == PS_ERROR ? PS_SOCKET : st;
	}
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		bug("no memory to format a command");
	imap_begin(p, &line);
	buf_addc(&line, text);
	free(text);
	st = imap_send(p, buf_c(&line), NULL, e);
	return st == PS_SUCCESS ? imap_await(p, e) : st;
}

/* --- capabilities ----------------------------------------------------------- */

static const struct {
	const char *name;
	size_t flag;
} capas[] = {
	{ "IMAP4rev1", offsetof(struct imap, imap4) },
	{ "IMAP4", offsetof(struct imap, imap4) },
	{ "STARTTLS", offsetof(struct imap, base.tls_offered) },
	{ "LOGINDISABLED", offsetof(struct imap, login_disabled) },
	{ "UIDPLUS", offsetof(struct imap, uidplus) },
	{ "IDLE", offsetof(struct imap, idle) },
	{ "LITERAL+", offsetof(struct imap, literal_plus) },
	{ "MOVE", offsetof(struct imap, can_move) },
	{ "SASL-IR", offsetof(struct imap, sasl_ir) },
};

static void forget_capas(struct imap *p)
{
	size_t i;

	for (i = 0; i < NELEM(capas); i++)
		*(bool *)((char *)p + capas[i].flag) = false;
	p->sasl.max = REPLY_MAX;
	buf_reset(&p->sasl);
}

static void learn_capa(struct imap *p, struct str word)
{
	size_t i;

	if (str_istarts(word, STR("AUTH="))) {
		buf_add(&p->sasl, str_skip(word, 5));
		buf_addch(&p->sasl, ' ');
	}
	for (i = 0; i < NELEM(capas); i++)
		if (str_ieqc(word, capas[i].name))
			*(bool *)((char *)p + capas[i].flag) = true;
}

/* --- answers without a tag ---------------------------------------------------- */

typedef enum status answer_fn(struct imap *p, struct err *e);

static enum status got_capability(struct imap *p, struct err *e)
{
	AUTO_BUF text = BUF_MAX(REPLY_MAX);
	enum status st = imap_rest(&p->in, &text, e);
	struct str rest = buf_str(&text), word;

	forget_capas(p);
	while (str_word(&rest, " ", &word))
		learn_capa(p, word);
	return st;
}

static enum status got_bye(struct imap *p, struct err *e)
{
	AUTO_BUF text = BUF_MAX(REPLY_MAX);
	enum status st = imap_rest(&p->in, &text, e);

	if (st != PS_SUCCESS || p->leaving)
		return st;
	err_temp(e, "", "Received BYE response from IMAP server: %s",
	    buf_c(&text));
	return PS_SOCKET;
}

/* "[CODE ...] words", of OK, NO and BAD: RFC 3501 7.1. */
static void learn_code(struct imap *p, struct str text)
{
	struct str code, word;
	uint64_t n;

	text = str_trim(text);
	if (!str_starts(text, STR("[")) || !str_cut(&text, ']', &code))
		return;
	code = str_skip(code, 1);
	if (!str_word(&code, " ", &word))
		return;
	if (str_ieqc(word, "ALERT"))
		report_error("%.*s", STR_ARG(str_trim(text)));
	if (str_ieqc(word, "READ-ONLY"))
		p->read_only = true;
	if (str_ieqc(word, "UIDVALIDITY") &&
	    num_u64(str_trim(code), UINT32_MAX, &n))
		p->validity = n;
}

static enum status got_state(struct imap *p, struct err *e)
{
	AUTO_BUF text = BUF_MAX(REPLY_MAX);
	enum status st = imap_rest(&p->in, &text, e);

	learn_code(p, buf_str(&text));
	return st;
}

static enum status got_search(struct imap *p, struct err *e)
{
	enum status st;
	uint64_t n;
	char c;

	for (;;) {
		st = imap_blanks(&p->in, e);
		if (st == PS_SUCCESS)
			st = imap_peek(&p->in, &c, e);
		if (st != PS_SUCCESS)
			return st;
		if (c == '\r' || c == '\n')
			return imap_rest(&p->in, NULL, e);
		if (c == '(') { /* (MODSEQ n) */
			st = imap_skip(&p->in, e);
		} else {
			st = imap_number(&p->in, UINT32_MAX, &n, e);
			if (st == PS_SUCCESS && p->state != NULL && n >= 1 &&
			    n <= p->count)
				p->state[n] = MSG_NEW;
		}
		if (st != PS_SUCCESS)
			return st;
	}
}

/* --- FETCH -------------------------------------------------------------------- */

static enum status fetch_uid(struct imap *p, struct err *e)
{
	return imap_number(&p->in, UINT32_MAX, &p->fetch.uid, e);
}

static enum status fetch_octets(struct imap *p, struct err *e)
{
	p->fetch.sized = true;
	return imap_number(&p->in, INT64_MAX, &p->fetch.octets, e);
}

static enum status fetch_flags(struct imap *p, struct err *e)
{
	AUTO_BUF word = BUF_MAX(WORD_MAX);
	enum status st = imap_expect(&p->in, '(', e);
	char c;

	p->fetch.flags = true;
	while (st == PS_SUCCESS &&
	    (st = imap_blanks(&p->in, e)) == PS_SUCCESS &&
	    (st = imap_peek(&p->in, &c, e)) == PS_SUCCESS && c != ')') {
		st = imap_atom(&p->in, &word, e);
		if (st == PS_SUCCESS && word.n == 0)
			return bad_answer(e, "flags");
		if (str_ieqc(buf_str(&word), "\\Seen"))
			p->fetch.seen = true;
		if (str_ieqc(buf_str(&word), "\\Deleted"))
			p->fetch.deleted = true;
	}
	return st == PS_SUCCESS ? imap_expect(&p->in, ')', e) : st;
}

static bool is_wanted(struct imap *p, enum imap_part part)
{
	if (!p->want_text || p->text != TEXT_NONE)
		return false;
	return p->ahead ? imap_is_its_turn(p, part) : !p->answered;
}

static enum status fetch_text(struct imap *p, enum imap_part part,
    struct err *e)
{
	enum status st;
	bool literal;

	if (!is_wanted(p, part))
		return imap_skip(&p->in, e);
	p->uid_first = p->fetch.uid != 0;
	p->small.max = CONN_LINE_MAX;
	st = imap_string(&p->in, &p->small, &literal, &p->text_left, e);
	if (st != PS_SUCCESS)
		return st;
	if (p->small.full)
		return bad_answer(e, "a very long quote");
	p->text = literal ? TEXT_LITERAL : TEXT_SMALL;
	p->in.silent = literal;
	return IMAP_STOPPED;
}

static enum status fetch_head(struct imap *p, struct err *e)
{
	return fetch_text(p, IMAP_HEAD, e);
}

static enum status fetch_body(struct imap *p, struct err *e)
{
	return fetch_text(p, IMAP_BODY, e);
}

static const struct {
	const char *name;
	answer_fn *run;
} items[] = {
	{ "UID", fetch_uid },
	{ "RFC822.SIZE", fetch_octets },
	{ "FLAGS", fetch_flags },
	{ "RFC822.HEADER", fetch_head },
	{ "BODY[TEXT]", fetch_body },
};

static enum status fetch_item(struct imap *p, struct str name, struct err *e)
{
	size_t i;

	for (i = 0; i < NELEM(items); i++)
		if (str_ieqc(name, items[i].name))
			return items[i].run(p, e);
	return imap_skip(&p->in, e);
}

/* Sizes over 4 GiB do not matter: such a message is not read. */
static void learn_fetch(struct imap *p)
{
	const struct imap_fetch *f = &p->fetch;
	bool keep = p->base.a != NULL && opt_flag(&p->base.a->o, OPT_KEEP);

	if (f->seq < 1 || f->seq > p->count)
		return;
	if (p->learning && f->uid != 0)
		p->uids[f->seq] = (uint32_t)f->uid;
	if (p->learning && f->sized)
		p->octets[f->seq] =
		    f->octets < UINT32_MAX ? (uint32_t)f->octets : UINT32_MAX;
	if (p->unsure && f->flags && !f->seen && !(keep && f->deleted))
		p->state[f->seq] = MSG_NEW;
}

enum status imap_items(struct imap *p, struct err *e)
{
	AUTO_BUF name = BUF_MAX(WORD_MAX);
	enum status st;
	char c;

	for (;;) {
		st = imap_blanks(&p->in, e);
		if (st == PS_SUCCESS)
			st = imap_peek(&p->in, &c, e);
		if (st == PS_SUCCESS && c == ')')
			break;
		if (st == PS_SUCCESS)
			st = imap_atom(&p->in, &name, e);
		if (st == PS_SUCCESS && name.n == 0)
			return bad_answer(e, "FETCH");
		if (st == PS_SUCCESS)
			st = imap_blanks(&p->in, e);
		if (st == PS_SUCCESS)
			st = fetch_item(p, buf_str(&name), e);
		if (st != PS_SUCCESS)
			return st;
	}
	learn_fetch(p);
	return imap_rest(&p->in, NULL, e);
}

enum status imap_go_on(struct imap *p, struct err *e)
{
	enum status st = imap_items(p, e);

	p->text_got = p->fetch.uid;
	return st == PS_SUCCESS ? imap_await(p, e) : st;
}

static enum status got_fetch(struct imap *p, uint64_t seq, struct err *e)
{
	enum status st = imap_blanks(&p->in, e);

	p->fetch = (struct imap_fetch){ .seq = seq };
	if (st == PS_SUCCESS)
		st = imap_expect(&p->in, '(', e);
	return st == PS_SUCCESS ? imap_items(p, e) : st;
}

/* --- all of them -------------------------------------------------------------- */

static enum status got_number(struct imap *p, uint64_t n, struct err *e)
{
	AUTO_BUF word = BUF_MAX(WORD_MAX);
	enum status st = imap_blanks(&p->in, e);
	struct str name;

	if (st == PS_SUCCESS)
		st = imap_atom(&p->in, &word, e);
	if (st != PS_SUCCESS)
		return st;
	name = buf_str(&word);
	if (str_ieqc(name, "FETCH"))
		return got_fetch(p, n, e);
	if (str_ieqc(name, "EXISTS")) {
		if (n > BOX_MAX)
			return bad_answer(e, "so many messages");
		p->news |= n > p->exists;
		p->exists = n;
	}
	if (str_ieqc(name, "RECENT"))
		p->news |= n != 0;
	if (str_ieqc(name, "EXPUNGE") && p->exists > 0)
		p->exists--;
	return imap_skip_line(&p->in, e);
}

static const struct {
	const char *name;
	answer_fn *run;
} answers[] = {
	{ "CAPABILITY", got_capability },
	{ "SEARCH", got_search },
	{ "LIST", imap_got_list },
	{ "OK", got_state },
	{ "NO", got_state },
	{ "BAD", got_state },
	{ "BYE", got_bye },
};

enum status imap_untagged(struct imap *p, struct err *e)
{
	AUTO_BUF word = BUF_MAX(WORD_MAX);
	enum status st = imap_expect(&p->in, '*', e);
	uint64_t n;
	size_t i;

	if (st == PS_SUCCESS)
		st = imap_blanks(&p->in, e);
	if (st == PS_SUCCESS)
		st = imap_atom(&p->in, &word, e);
	if (st != PS_SUCCESS)
		return st;
	if (num_u64(buf_str(&word), UINT32_MAX, &n))
		return got_number(p, n, e);
	for (i = 0; i < NELEM(answers); i++)
		if (str_ieqc(buf_str(&word), answers[i].name))
			return answers[i].run(p, e);
	return imap_skip_line(&p->in, e);
}

/* A tag, which must be ours or that of a command that is under way. */
static enum status read_tag(struct imap *p, bool *ours, struct imap_due **due,
    struct err *e)
{
	AUTO_BUF word = BUF_MAX(WORD_MAX);
	unsigned want = p->due_tag != 0 ? p->due_tag : p->tag;
	enum status st = imap_atom(&p->in, &word, e);
	struct str digits = str_skip(buf_str(&word), 1);
	uint64_t tag = 0;

	if (st != PS_SUCCESS)
		return st;
	if (digits.n != 4 || *buf_c(&word) != 'A' ||
	    !num_u64(digits, 9999, &tag))
		tag = 0;
	*ours = tag == want;
	*due = tag != 0 ? imap_due_of(p, (unsigned)tag) : NULL;
	if (*ours)
		p->due_tag = 0;
	if (*ours || *due != NULL)
		return imap_blanks(&p->in, e);
	err_temp(e, "", "this is no IMAP answer: \"%s\", where A%04u was due",
	    buf_c(&word), want);
	return PS_PROTOCOL;
}

/* "OK words" and so on. */
static enum status read_verdict(struct imap *p, struct err *e)
{
	AUTO_BUF word = BUF_MAX(WORD_MAX);
	enum status st = imap_atom(&p->in, &word, e);

	p->base.reply.max = REPLY_MAX;
	if (st == PS_SUCCESS)
		st = imap_rest(&p->in, &p->base.reply, e);
	if (st != PS_SUCCESS)
		return st;
	if (p->base.reply.n != 0 && *p->base.reply.p == ' ')
		buf_shift(&p->base.reply, 1);
	learn_code(p, buf_str(&p->base.reply));
	if (str_ieqc(buf_str(&word), "OK"))
		return PS_SUCCESS;
	if (str_ieqc(buf_str(&word), "NO") || str_ieqc(buf_str(&word), "BAD"))
		return PS_ERROR;
	return bad_answer(e, buf_c(&word));
}

enum status imap_tagged(struct imap *p, bool *ours, struct err *e)
{
	struct imap_due *d = NULL;
	enum status st = read_tag(p, ours, &d, e);

	if (st == PS_SUCCESS)
		st = read_verdict(p, e);
	if ((st == PS_SUCCESS || st == PS_ERROR) && d != NULL)
		imap_ticked(p, d, st);
	return st;
}

enum status imap_await(struct imap *p, struct err *e)
{
	bool ours = false;
	enum status st;
	char c;

	for (;;) {
		st = imap_peek(&p->in, &c, e);
		if (st != PS_SUCCESS)
			return st;
		if (c == '+' && p->may_continue) {
			p->base.reply.max = SASL_LINE;
			st = imap_expect(&p->in, '+', e);
			if (st == PS_SUCCESS)
				st = imap_rest(&p->in, &p->base.reply, e);
			return st == PS_SUCCESS ? IMAP_STOPPED : st;
		}
		st = c == '*' ? imap_untagged(p, e) : imap_tagged(p, &ours, e);
		if (ours)
			return st;
		if (st == PS_ERROR) /* said of another one */
			continue;
		if (st != PS_SUCCESS)
			return st;
	}
}
