/* template - the parts of a text with $names. */

#include "map/template.h"

#include <stddef.h>

#include "base/log.h"

static bool is_name(char c)
{
	c = str_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The name in "{name}" or "(name)"; braces inside must be in pairs. */
static bool in_braces(struct str *s, struct str *name)
{
	char open = *s->p, close = open == '{' ? '}' : ')';
	size_t i, depth = 0;

	for (i = 0; i < s->n; i++) {
		if (s->p[i] == open)
			depth++;
		else if (s->p[i] == close && --depth == 0)
			break;
	}
	if (i == s->n)
		return false;
	*name = (struct str){ s->p + 1, i - 1 };
	*s = str_skip(*s, i + 1);
	return true;
}

enum template_part template_next(struct str *s, struct str whole,
    struct str *part)
{
	size_t n = 0;

	if (s->n == 0)
		return TEMPLATE_END;
	if (*s->p != '$') {
		ptrdiff_t at = str_find(*s, '$');

		n = at < 0 ? s->n : (size_t)at;
		*part = str_head(*s, n);
		*s = str_skip(*s, n);
		return TEMPLATE_TEXT;
	}
	*s = str_skip(*s, 1);
	if (s->n != 0 && *s->p == '$') {
		*part = str_head(*s, 1);
		*s = str_skip(*s, 1);
		return TEMPLATE_TEXT;
	}
	if (s->n != 0 && (*s->p == '{' || *s->p == '(')) {
		if (!in_braces(s, part)) {
			log_warn("truncated macro reference: \"%.*s\"",
			    STR_ARG(whole));
			return TEMPLATE_BAD;
		}
	} else {
		while (n < s->n && is_name(s->p[n]))
			n++;
		*part = str_head(*s, n);
		*s = str_skip(*s, n);
	}
	if (part->n != 0)
		return TEMPLATE_NAME;
	log_warn("empty macro name: \"%.*s\"", STR_ARG(whole));
	return TEMPLATE_BAD;
}
