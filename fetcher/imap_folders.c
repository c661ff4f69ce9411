/* imap_folders - LIST: the folders that a pattern stands for (RFC 3501 6.3.8).
 * Runs in: poll child. */

#include "fetcher/imap.h"

#define NAME_MAX_OCTETS 4096
/* Nobody has more. */
#define FOLDERS_MAX 10000

static struct imap *of(struct proto *b)
{
	return (struct imap *)b;
}

/* "(\HasChildren \Noselect)": can it be selected? */
static enum status read_flags(struct imap *p, bool *selectable, struct err *e)
{
	AUTO_BUF word = BUF_MAX(1024);
	enum status st = imap_expect(&p->in, '(', e);
	char c;

	*selectable = true;
	while (st == PS_SUCCESS &&
	    (st = imap_blanks(&p->in, e)) == PS_SUCCESS &&
	    (st = imap_peek(&p->in, &c, e)) == PS_SUCCESS && c != ')') {
		st = imap_atom(&p->in, &word, e);
		if (st == PS_SUCCESS && word.n == 0) {
			err_temp(e, "", "this is no IMAP answer: LIST");
			return PS_PROTOCOL;
		}
		if (str_ieqc(buf_str(&word), "\\Noselect") ||
		    str_ieqc(buf_str(&word), "\\NonExistent"))
			*selectable = false;
	}
	return st == PS_SUCCESS ? imap_expect(&p->in, ')', e) : st;
}

static enum status read_literal(struct imap *p, uint64_t octets,
    struct buf *name, struct err *e)
{
	enum status st = PS_SUCCESS;
	struct str piece;

	if (octets > NAME_MAX_OCTETS) {
		err_temp(e, "", "this is no IMAP answer: a very long name");
		return PS_PROTOCOL;
	}
	while (octets != 0 && st == PS_SUCCESS) {
		st = imap_take(&p->in, octets, &piece, e);
		buf_add(name, piece);
		octets -= piece.n;
	}
	return st;
}

/* A quoted string, a literal or a bare word. */
static enum status read_name(struct imap *p, struct buf *name, struct err *e)
{
	enum status st = imap_blanks(&p->in, e);
	uint64_t octets;
	bool literal;
	char c = '\0';

	if (st == PS_SUCCESS)
		st = imap_peek(&p->in, &c, e);
	if (st != PS_SUCCESS)
		return st;
	if (c != '"' && c != '{')
		return imap_atom(&p->in, name, e);
	st = imap_string(&p->in, name, &literal, &octets, e);
	return st == PS_SUCCESS && literal ? read_literal(p, octets, name, e)
					   : st;
}

enum status imap_got_list(struct imap *p, struct err *e)
{
	AUTO_BUF name = BUF_MAX(NAME_MAX_OCTETS);
	struct imap_name *n;
	bool selectable = false;
	enum status st = imap_blanks(&p->in, e);

	if (st == PS_SUCCESS)
		st = read_flags(p, &selectable, e);
	if (st == PS_SUCCESS)
		st = imap_skip(&p->in, e); /* what divides levels */
	if (st == PS_SUCCESS)
		st = read_name(p, &name, e);
	if (st == PS_SUCCESS && selectable && !name.full && name.n != 0 &&
	    p->names_end != NULL && p->names_n++ < FOLDERS_MAX) {
		n = arena_alloc(&p->names_arena, sizeof(*n));
		n->name = arena_strz(&p->names_arena, buf_str(&name));
		*p->names_end = n;
		p->names_end = &n->next;
	}
	return st == PS_SUCCESS ? imap_skip_line(&p->in, e) : st;
}

static enum status ask(struct imap *p, const char *pattern, struct err *e)
{
	AUTO_BUF quoted = BUF_MAX(NAME_MAX_OCTETS);
	enum status st;

	arena_clear(&p->names_arena);
	p->names = NULL;
	p->names_end = &p->names;
	p->names_n = 0;
	if (!imap_quote_folder(&quoted, str_c(pattern))) {
		err_temp(e, "", "folder %s: it is not UTF-8", pattern);
		return PS_ERROR;
	}
	st = imap_command(p, e, "LIST \"\" %s", buf_c(&quoted));
	p->names_end = NULL;
	if (st == PS_ERROR)
		err_temp(e, "", "LIST: %s", buf_c(&p->base.reply));
	return st;
}

enum status imap_folder(struct proto *b, const char *pattern, uint64_t n,
    const char **name, struct err *e)
{
	struct imap *p = of(b);
	enum status st = n == 0 ? ask(p, pattern, e) : PS_SUCCESS;
	const struct imap_name *at = p->names;

	*name = NULL;
	if (st != PS_SUCCESS)
		return st;
	while (at != NULL && n-- != 0)
		at = at->next;
	if (at != NULL)
		*name = at->name;
	return PS_SUCCESS;
}
