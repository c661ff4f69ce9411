/* smtp_parse - a command line becomes a struct. */
/* runs in: front */

#include "vdeliver/smtp_parse.h"

#include "base/buf.h"
#include "base/num.h"

/* Commands that carry a path and parameters. RFC 5321 4.1.1.2, 4.1.1.3. */
static const struct {
	const char *verb, *keyword;
} paths[] = {
	{ "MAIL", "FROM:" },
	{ "RCPT", "TO:" },
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Length of the address at the start of s: up to a blank that is outside of
 * quotes, comments and <>. What is open at the end goes to the end.
 */
static size_t path_length(struct str s)
{
	size_t i, depth = 0;
	bool quote = false, angle = false;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\\')
			i++;
		else if (c == '"')
			quote = !quote;
		else if (quote)
			continue;
		else if (c == '(')
			depth++;
		else if (c == ')' && depth != 0)
			depth--;
		else if (c == '<' || c == '>')
			angle = c == '<';
		else if (is_blank(c) && !angle && depth == 0)
			break;
	}
	return i < s.n ? i : s.n;
}

/* "Name <a@b> SIZE=1": when a '<' follows the first word, up to its '>'. */
static struct str cut_path(struct str *s)
{
	size_t n = path_length(*s);
	struct str path;

	for (;;) {
		struct str rest = str_trim_left(str_skip(*s, n));

		if (rest.n == 0 || str_find(str_head(*s, n), '<') >= 0 ||
		    str_find(rest, '<') < 0)
			break;
		/* A parameter may hold '<' as well: "AUTH=<>". */
		if (str_find(str_head(rest, path_length(rest)), '=') >= 0)
			break;
		n = (size_t)(rest.p - s->p) + path_length(rest);
	}
	path = str_head(*s, n);
	*s = str_skip(*s, n);
	return path;
}

static enum smtp_syntax parse_params(struct smtp_command *cmd, struct str s)
{
	struct str word, rest;

	while (str_word(&s, " \t", &word)) {
		struct smtp_param *p = &cmd->params[cmd->n_params];

		if (cmd->n_params == SMTP_PARAMS_MAX)
			return SMTP_MANY_PARAMS;
		p->text = rest = word;
		p->has_value = str_cut(&rest, '=', &p->name);
		p->value = rest;
		cmd->n_params++;
	}
	return SMTP_OK;
}

static enum smtp_syntax parse_path(struct smtp_command *cmd,
    const char *keyword)
{
	struct str s = cmd->arg, key = str_c(keyword);

	/* A blank behind the colon is common, and does no harm. */
	if (!str_istarts(s, key))
		return SMTP_NO_PATH;
	s = str_trim_left(str_skip(s, key.n));
	if (s.n == 0)
		return SMTP_NO_PATH;
	cmd->path = cut_path(&s);
	return parse_params(cmd, s);
}

enum smtp_syntax smtp_parse(struct smtp_command *cmd, struct str line)
{
	struct str s = str_trim_right(line);
	size_t i;

	*cmd = (struct smtp_command){ .n_params = 0 };
	str_word(&s, " \t", &cmd->verb);
	cmd->arg = str_trim(s);
	if (cmd->verb.n == 0)
		return SMTP_EMPTY;
	for (i = 0; i < NELEM(paths); i++)
		if (str_ieqc(cmd->verb, paths[i].verb))
			cmd->syntax = parse_path(cmd, paths[i].keyword);
	return cmd->syntax;
}

struct str smtp_line(const struct smtp_command *cmd)
{
	struct str s = cmd->verb;

	if (cmd->arg.n != 0)
		s.n = (size_t)(cmd->arg.p - s.p) + cmd->arg.n;
	return s;
}

bool smtp_xtext(struct str text, struct buf *out)
{
	uint64_t v;

	for (; text.n != 0; text = str_skip(text, 1)) {
		char c = *text.p;

		if (c <= ' ' || c >= 0x7f || c == '=')
			return false;
		if (c == '+') {
			if (text.n < 3 ||
			    !num_hex(str_head(str_skip(text, 1), 2), 0xff, &v))
				return false;
			c = (char)v;
			text = str_skip(text, 2);
		}
		if (!buf_addch(out, c))
			return false;
	}
	return true;
}
