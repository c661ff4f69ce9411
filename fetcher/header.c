/* header - sender, dropped lines, our Received line. */

#include "fetcher/header.h"

#include <arpa/inet.h>
#include <string.h>

#include "fetcher/mime.h"

/* Cut one field with its continuation lines off *raw. */
static bool next_field(struct str *raw, struct str *field)
{
	size_t n = 0;
	ptrdiff_t nl;

	if (raw->n == 0)
		return false;
	do {
		nl = str_find(str_skip(*raw, n), '\n');
		n = nl < 0 ? raw->n : n + (size_t)nl + 1;
	} while (n < raw->n && (raw->p[n] == ' ' || raw->p[n] == '\t'));
	*field = str_head(*raw, n);
	*raw = str_skip(*raw, n);
	return true;
}

static struct str field_name(struct str field)
{
	ptrdiff_t colon = str_find(field, ':');
	struct str name = str_head(field, colon < 0 ? 0 : (size_t)colon);

	return str_trim_right(name);
}

static bool is(struct str field, const char *name)
{
	return str_ieqc(field_name(field), name);
}

static bool is_field(struct str field)
{
	struct str name = field_name(field);
	size_t i;

	for (i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == 0x7f)
			return false;
	return name.n != 0;
}

static bool is_from_line(struct str field)
{
	return str_starts(field, STR("From ")) ||
	    str_starts(field, STR(">From "));
}

bool header_is_bad(struct str raw)
{
	struct str field;

	while (next_field(&raw, &field))
		if (!is_field(field) && !is_from_line(field))
			return true;
	return false;
}

static void unfold(struct str field, struct buf *out)
{
	struct str value = str_skip(field, (size_t)(str_find(field, ':') + 1));
	size_t i;

	buf_reset(out);
	value = str_trim(value);
	for (i = 0; i < value.n; i++) {
		char c = value.p[i];

		buf_addch(out, (unsigned char)c < ' ' || c == 0x7f ? ' ' : c);
	}
}

bool header_get(struct str raw, const char *name, struct buf *value)
{
	struct str field;

	while (next_field(&raw, &field))
		if (is(field, name)) {
			unfold(field, value);
			return true;
		}
	return false;
}

/* What of a character belongs to the address: not comments, not names. */
struct scan {
	int comment;
	bool quoted, angle, done;
};

static void scan_char(struct scan *s, struct str v, size_t *i, struct buf *out)
{
	char c = v.p[*i];

	if (s->quoted) {
		buf_addch(out, c);
		if (c == '\\' && *i + 1 < v.n)
			buf_addch(out, v.p[++*i]);
		else if (c == '"')
			s->quoted = false;
	} else if (c == '(') {
		s->comment++;
	} else if (s->comment > 0) {
		if (c == '\\')
			++*i;
		s->comment -= c == ')';
	} else if (c == '"') {
		s->quoted = true;
		buf_addch(out, c);
	} else if (c == '<') {
		/* What came before was a name. */
		buf_reset(out);
		s->angle = true;
	} else if (c == '>' || (c == ',' && !s->angle) || c == ';') {
		s->done = true;
	} else if (!str_isspace(c)) {
		buf_addch(out, c);
	}
}

/* The first address of a field's value, its route stripped. */
static void first_address(struct str v, struct buf *out)
{
	struct scan s = { 0 };
	ptrdiff_t colon;
	size_t i;

	buf_reset(out);
	for (i = 0; i < v.n && !s.done; i++)
		scan_char(&s, v, &i, out);
	colon = str_find(buf_str(out), ':');
	if (out->n != 0 && out->p[0] == '@' && colon > 0)
		buf_shift(out, (size_t)colon + 1);
	if (s.quoted || out->full)
		buf_reset(out);
}

static const struct {
	const char *name;
	bool must_look; /* only when it has '@' or '!' */
} senders[] = {
	{ "Return-Path", false },
	{ "Resent-Sender", true },
	{ "Sender", true },
	{ "Resent-From", false },
	{ "From", false },
	{ "Reply-To", false },
	{ "Apparently-From", false },
};

static void add_truename(const struct header_rules *r, struct buf *out)
{
	unsigned char bytes[4];

	if (inet_pton(AF_INET, r->truename, bytes) == 1)
		buf_addf(out, "@[%s]", r->truename);
	else
		buf_addf(out, "@%s", r->truename);
}

void header_sender(struct str raw, const struct header_rules *r,
    struct buf *out)
{
	AUTO_BUF value = BUF_MAX(HEADER_MAX);
	size_t i;

	for (i = 0; i < NELEM(senders); i++) {
		if (!header_get(raw, senders[i].name, &value))
			continue;
		if (senders[i].must_look &&
		    str_find(buf_str(&value), '@') < 0 &&
		    str_find(buf_str(&value), '!') < 0)
			continue;
		if (str_eqc(buf_str(&value), "<>")) {
			buf_reset(out);
			return;
		}
		first_address(buf_str(&value), out);
		if (out->n == 0 || out->p[0] == '@')
			buf_setf(out, "%s", r->user);
		if (str_find(buf_str(out), '@') < 0 &&
		    str_find(buf_str(out), '!') < 0)
			add_truename(r, out);
		return;
	}
	buf_setf(out, "%s", r->user);
	if (str_find(buf_str(out), '@') < 0)
		add_truename(r, out);
}

static bool is_dropped(const struct header_rules *r, struct str field,
    bool *return_path_seen)
{
	AUTO_BUF value = BUF_MAX(HEADER_MAX);

	if (is_from_line(field))
		return true;
	if (is(field, "Return-Path") && !r->keep_return_path &&
	    !*return_path_seen) {
		*return_path_seen = true;
		return true;
	}
	if (is(field, "Status") || is(field, "X-Mozilla-Status")) {
		unfold(field, &value);
		return r->drop_status || value.n == 0;
	}
	return r->drop_delivered && is(field, "Delivered-To");
}

/* NUL bytes do not belong into a header. */
static void add_clean(struct buf *out, struct str s)
{
	size_t i;

	if (str_find(s, '\0') < 0) {
		buf_add(out, s);
		return;
	}
	for (i = 0; i < s.n; i++)
		if (s.p[i] != '\0')
			buf_addch(out, s.p[i]);
}

static const char *const address_fields[] = { "From", "To", "Cc", "Bcc",
	"Reply-To", "Return-Path", "Sender", "Apparently-From", "Apparently-To",
	"Resent-From", "Resent-To", "Resent-Cc", "Resent-Bcc",
	"Resent-Reply-To", "Resent-Sender" };

static bool has_addresses(struct str field)
{
	size_t i;

	for (i = 0; i < NELEM(address_fields); i++)
		if (is(field, address_fields[i]))
			return true;
	return false;
}

/* State of one pass over an address field. */
struct complete {
	const struct header_rules *r;
	struct buf *out;
	int comment;
	bool quoted, angle;
	bool has_atom;   /* an address or name has begun */
	bool has_domain; /* and holds an '@' or '!' */
	size_t atom_end; /* where in out the bare address ends */
	size_t words;
};

/* An address ends here: give it a domain when it has none. */
static void end_address(struct complete *c)
{
	AUTO_BUF tail = BUF_MAX(HEADER_MAX);

	/* Several words without brackets are no address at all. */
	if (c->has_atom && !c->has_domain && c->words == 1) {
		buf_add(&tail, str_skip(buf_str(c->out), c->atom_end));
		buf_cut(c->out, c->atom_end);
		add_truename(c->r, c->out);
		buf_add(c->out, buf_str(&tail));
	}
	c->has_atom = c->has_domain = false;
	c->words = 0;
}

static void complete_char(struct complete *c, char ch, bool *in_word)
{
	bool blank = str_isspace(ch);

	if (strchr(",;:<>", ch) != NULL && ch != '\0') {
		if (ch == '<') {
			c->has_atom = c->has_domain = false;
			c->words = 0;
			c->angle = true;
		} else if (ch == ':') {
			/* A group's name, or a route. */
			c->has_atom = false;
			c->words = 0;
		} else {
			end_address(c);
			if (ch == '>') {
				c->angle = false;
				/* What follows is a comment, if anything. */
				c->has_domain = c->has_atom = true;
			}
		}
		*in_word = false;
		buf_addch(c->out, ch);
		return;
	}
	buf_addch(c->out, ch);
	if (blank) {
		*in_word = false;
		return;
	}
	if (!*in_word)
		c->words++;
	*in_word = true;
	c->has_atom = true;
	c->has_domain |= ch == '@' || ch == '!';
	c->atom_end = c->out->n;
}

static void add_completed(const struct header_rules *r, struct str field,
    struct buf *out)
{
	size_t start = (size_t)str_find(field, ':') + 1, i;
	struct complete c = { .r = r, .out = out };
	bool in_word = false;

	buf_add(out, str_head(field, start));
	for (i = start; i < field.n; i++) {
		char ch = field.p[i];

		if (c.comment > 0 || (!c.quoted && ch == '(')) {
			c.comment += (ch == '(') - (ch == ')');
			buf_addch(out, ch);
			if (ch == '\\' && i + 1 < field.n)
				buf_addch(out, field.p[++i]);
		} else if (c.quoted) {
			buf_addch(out, ch);
			if (ch == '\\' && i + 1 < field.n)
				buf_addch(out, field.p[++i]);
			else if (ch == '"')
				c.quoted = false;
			c.atom_end = out->n;
		} else {
			c.quoted = ch == '"';
			complete_char(&c, ch, &in_word);
		}
	}
	end_address(&c);
}

void header_rewrite(struct str raw, const struct header_rules *r,
    struct str received, struct buf *out)
{
	AUTO_BUF body = BUF_MAX(HEADER_MAX);
	bool placed = false, seen = false;
	struct str field;

	buf_reset(out);
	while (next_field(&raw, &field)) {
		if (is_dropped(r, field, &seen))
			continue;
		if (!placed && is(field, "Received")) {
			buf_add(&body, received);
			placed = true;
		}
		if (r->rewrite && has_addresses(field))
			add_completed(r, field, &body);
		else
			add_clean(&body, field);
	}
	if (!placed)
		buf_add(out, received);
	buf_add(out, buf_str(&body));
}

/* --- mimedecode ----------------------------------------------------------- */

bool header_is_qp(struct str raw)
{
	AUTO_BUF v = BUF_MAX(HEADER_MAX);

	return header_get(raw, "MIME-Version", &v) &&
	    header_get(raw, "Content-Type", &v) &&
	    str_istarts(buf_str(&v), STR("text/")) &&
	    header_get(raw, "Content-Transfer-Encoding", &v) &&
	    str_ieqc(buf_str(&v), "quoted-printable");
}

/* With blanks, so that the field is as long as before: fetchmail does it. */
static void add_8bit(struct str field, struct buf *out)
{
	ptrdiff_t at = str_find(field, ':') + 1, word = at;
	ptrdiff_t end = str_find(field, '\n');
	size_t i, n = sizeof("quoted-printable") - 1;

	while ((size_t)word < field.n && str_isspace(field.p[word]))
		word++;
	buf_add(out, str_head(field, (size_t)word));
	buf_addc(out, "8bit");
	for (i = 4; i < n; i++)
		buf_addch(out, ' ');
	buf_addc(out, end > 0 && field.p[end - 1] == '\r' ? "\r\n" : "\n");
}

void header_decode(struct str raw, bool qp, struct buf *out)
{
	struct str field;

	while (next_field(&raw, &field)) {
		if (qp && is(field, "Content-Transfer-Encoding"))
			add_8bit(field, out);
		else
			mime_words(field, has_addresses(field), out);
	}
}
