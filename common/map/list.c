/* list - items outside braces. */

#include "map/list.h"

static bool is_sep(char c)
{
	return c == ',' || str_isspace(c);
}

bool list_item(struct str *s, struct str *item)
{
	size_t i, depth = 0;

	while (s->n != 0 && is_sep(*s->p))
		*s = str_skip(*s, 1);
	for (i = 0; i < s->n; i++) {
		if (depth == 0 && is_sep(s->p[i]))
			break;
		if (s->p[i] == '{')
			depth++;
		else if (s->p[i] == '}' && depth != 0)
			depth--;
	}
	*item = str_head(*s, i);
	*s = str_skip(*s, i);
	return item->n != 0;
}
