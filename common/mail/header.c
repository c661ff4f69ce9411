/* header - one header field line at a time. */

#include "mail/header.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 5322 2.2: printable ASCII without the colon (and the blank). */
static bool is_name_char(char c)
{
	return c > ' ' && c < 0x7f && c != ':';
}

enum header_kind header_begins(struct str start)
{
	size_t i = 0;

	while (i < start.n && is_name_char(start.p[i]))
		i++;
	if (i == 0 && start.n != 0)
		return HEADER_NO;
	while (i < start.n && is_blank(start.p[i]))
		i++;
	if (i == start.n)
		return HEADER_MORE;
	return start.p[i] == ':' ? HEADER_YES : HEADER_NO;
}

struct str header_name(struct str line, struct str *value)
{
	struct str name = STR_NONE, rest = line;

	if (value != NULL)
		*value = STR_NONE;
	if (header_begins(line) != HEADER_YES)
		return name;
	str_cut(&rest, ':', &name);
	if (value != NULL)
		*value = str_trim_left(rest);
	return str_trim_right(name);
}

bool header_folded(struct str line)
{
	return line.n != 0 && is_blank(line.p[0]);
}

bool header_listed(struct str name, struct str list)
{
	struct str word;

	while (str_word(&list, ", \t\r\n", &word))
		if (str_ieq(word, name))
			return true;
	return false;
}
