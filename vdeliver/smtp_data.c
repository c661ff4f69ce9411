/* smtp_data - the end of a message, and the dots before it. */
/* runs in: front */

#include "vdeliver/smtp_data.h"

void smtp_data_init(struct smtp_data *d, bool lf_dot)
{
	*d = (struct smtp_data){ .at = DATA_LINE,
		.lf_dot = lf_dot,
		.prev_crlf = true };
}

/* A LF came; prev_cr says of which kind it is. */
static void line_end(struct smtp_data *d)
{
	d->bare_lf |= !d->prev_cr;
	d->prev_crlf = d->prev_cr;
	d->prev_cr = false;
	d->at = DATA_LINE;
}

/*
 * Whole lines, up to one that begins with a dot: that one is not taken, unless
 * it comes first. The first line with a bare LF is the last one, too.
 */
static size_t text(struct smtp_data *d, struct str in)
{
	size_t i = 0;
	bool bare = d->bare_lf;

	for (;;) {
		ptrdiff_t nl = str_find(str_skip(in, i), '\n');

		if (nl < 0)
			break;
		if (nl > 0)
			d->prev_cr = in.p[i + (size_t)nl - 1] == '\r';
		line_end(d);
		i += (size_t)nl + 1;
		if (i == in.n || in.p[i] == '.' || d->bare_lf != bare)
			return i;
		/* An empty line has no byte before its LF. */
		d->prev_cr = false;
	}
	d->at = DATA_TEXT;
	d->prev_cr = in.p[in.n - 1] == '\r';
	return in.n;
}

/* The line is a lone dot: the end of the message, or nothing at all. */
static void lone_dot(struct smtp_data *d)
{
	bool proper = d->prev_crlf && d->prev_cr;

	line_end(d);
	d->done = proper || d->lf_dot;
}

/* A dot began the line. True when c belongs to what may be the end. */
static bool after_dot(struct smtp_data *d, char c)
{
	if (c == '\n') {
		lone_dot(d);
		return true;
	}
	if (c == '\r' && d->at == DATA_DOT) {
		d->at = DATA_CR;
		d->prev_cr = true;
		return true;
	}
	return false;
}

size_t smtp_data(struct smtp_data *d, struct str in, struct str *out)
{
	*out = STR_NONE;
	if (in.n == 0 || d->done)
		return 0;
	if (d->at == DATA_LINE && *in.p == '.') {
		d->at = DATA_DOT;
		return 1;
	}
	if (d->at == DATA_DOT || d->at == DATA_CR) {
		bool held = d->at == DATA_CR;

		if (after_dot(d, *in.p))
			return 1;
		d->at = DATA_TEXT;
		if (held) {
			*out = STR("\r");
			return 0;
		}
	}
	*out = str_head(in, text(d, in));
	return out->n;
}

void smtp_data_chunk(struct smtp_data *d, struct str in)
{
	while (in.n != 0) {
		ptrdiff_t nl = str_find(in, '\n');
		size_t n = nl < 0 ? in.n : (size_t)nl;

		if (n != 0)
			d->prev_cr = in.p[n - 1] == '\r';
		if (nl < 0)
			return;
		d->bare_lf |= !d->prev_cr;
		d->prev_cr = false;
		in = str_skip(in, n + 1);
	}
}
