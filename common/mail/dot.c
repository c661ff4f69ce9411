/* dot - line ends and leading dots, piece by piece. */

#include "mail/dot.h"

void dot_begin(struct dot *d)
{
	*d = (struct dot){ false, false };
}

/*
 * How much can go out as it is: whole lines that end in CRLF and do not begin
 * with a dot, then a part of one. A CR at the end waits for what follows it.
 */
static size_t as_it_is(struct dot *d, struct str in)
{
	const char *p = in.p, *end = in.p + in.n, *nl;

	while (p < end && (d->mid_line || *p != '.')) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL) {
			d->mid_line = true;
			return end[-1] == '\r' ? in.n - 1 : in.n;
		}
		if (nl == in.p || nl[-1] != '\r')
			return (size_t)(nl - in.p);
		d->mid_line = false;
		p = nl + 1;
	}
	return (size_t)(p - in.p);
}

static bool give(struct str *in, size_t take, struct str what, struct str *part)
{
	*in = str_skip(*in, take);
	*part = what;
	return true;
}

bool dot_next(struct dot *d, struct str *in, struct str *part)
{
	size_t n;

	if (in->n == 0)
		return false;
	if (*in->p == '\n') {
		d->cr = d->mid_line = false;
		return give(in, 1, STR("\r\n"), part);
	}
	if (d->cr) {
		d->cr = false;
		return give(in, 0, STR("\r"), part);
	}
	if (*in->p == '.' && !d->mid_line) {
		d->mid_line = true;
		return give(in, 1, STR(".."), part);
	}
	n = as_it_is(d, *in);
	if (n != 0)
		return give(in, n, str_head(*in, n), part);
	d->cr = true;
	*in = STR_NONE;
	return false;
}

struct str dot_end(struct dot *d)
{
	struct str s = d->mid_line ? STR("\r\n.\r\n") : STR(".\r\n");

	/* A CR that nothing followed is the beginning of its line's end. */
	dot_begin(d);
	return s;
}
