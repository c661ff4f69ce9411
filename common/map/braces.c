/* braces - the brace at the start has its partner at the end. */

#include "map/braces.h"

#include <stddef.h>

/* The place behind the partner of the brace at s's start; 0: there is none. */
static size_t group_end(struct str s)
{
	size_t i, depth = 0;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '{')
			depth++;
		else if (s.p[i] == '}' && --depth == 0)
			return i + 1;
	}
	return 0;
}

enum st braces_strip(struct str *s, struct err *e)
{
	size_t end;

	if (s->n == 0 || *s->p != '{')
		return err_temp(e, "4.3.5",
		    "no '{' at start of text in \"%.*s\"", STR_ARG(*s));
	end = group_end(*s);
	if (end == 0)
		return err_temp(e, "4.3.5", "missing '}' in \"%.*s\"",
		    STR_ARG(*s));
	if (str_trim(str_skip(*s, end)).n != 0)
		return err_temp(e, "4.3.5",
		    "syntax error after '}' in \"%.*s\"", STR_ARG(*s));
	*s = str_trim((struct str){ s->p + 1, end - 2 });
	return ST_OK;
}
