/* lines - physical lines to logical lines. */

#include "conf/lines.h"

/* How much of a bad line a warning shows. */
#define SHOWN 30

void lines_init(struct lines *l, struct str text, lines_warn_fn *warn,
    void *arg)
{
	*l = (struct lines){
		.rest = text,
		.next = 1,
		/* No logical line is longer than the whole text. */
		.joined = BUF_MAX(text.n),
		.warn = warn,
		.arg = arg,
	};
}

void lines_clear(struct lines *l)
{
	if (l != NULL)
		buf_clear(&l->joined);
}

enum line_kind line_kind(struct str line)
{
	struct str text = str_trim_left(line);

	if (text.n == 0 || text.p[0] == '#')
		return LINE_SKIP;
	return text.n < line.n ? LINE_MORE : LINE_START;
}

bool line_cut(struct str *text, struct str *line)
{
	ptrdiff_t end = str_find(*text, '\n');
	size_t n = end < 0 ? text->n : (size_t)end + 1;

	*line = str_head(*text, n);
	*text = str_skip(*text, n);
	return n != 0;
}

static struct str without_newline(struct str line)
{
	if (line.n != 0 && line.p[line.n - 1] == '\n')
		line.n--;
	return line;
}

/* Take the continuations of *line, and what is skipped between them. */
static void join(struct lines *l, struct str *line)
{
	struct str rest = l->rest, more;
	bool joined = false;

	while (line_cut(&rest, &more)) {
		enum line_kind kind = line_kind(more);

		if (kind == LINE_START)
			break;
		if (kind == LINE_MORE) {
			if (!joined)
				buf_set(&l->joined, *line);
			joined = true;
			buf_add(&l->joined, without_newline(more));
		}
		l->rest = rest;
		l->next++;
	}
	if (joined)
		*line = buf_str(&l->joined);
}

static void warn_indented(const struct lines *l, struct str line)
{
	AUTO_BUF text = BUF_MAX(200);

	if (l->warn == NULL)
		return;
	buf_addf(&text,
	    "logical line must not start with whitespace: \"%.*s%s\"",
	    STR_ARG(str_head(line, SHOWN)), line.n > SHOWN ? "..." : "");
	l->warn(buf_c(&text), l->arg);
}

bool lines_next(struct lines *l, struct str *line, size_t *number)
{
	while (line_cut(&l->rest, line)) {
		enum line_kind kind = line_kind(*line);
		ptrdiff_t nul;

		*number = l->next++;
		if (kind == LINE_SKIP)
			continue;
		*line = without_newline(*line);
		join(l, line);
		nul = str_find(*line, '\0');
		if (nul >= 0)
			*line = str_head(*line, (size_t)nul);
		if (kind == LINE_START)
			return true;
		warn_indented(l, *line);
	}
	return false;
}
