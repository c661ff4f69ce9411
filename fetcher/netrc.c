/* netrc - words to entries, and looking one up. */

#include "fetcher/netrc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

/* What stands in quotes is never a keyword. */
struct word {
	struct str s; /* in the arena, a NUL behind it */
	bool quoted;
};

static void skip_blanks(struct str *rest)
{
	struct str comment;

	for (;;) {
		*rest = str_trim_left(*rest);
		if (rest->n == 0 || rest->p[0] != '#')
			return;
		str_cut(rest, '\n', &comment);
	}
}

static bool next_word(struct netrc *n, struct str *rest, struct word *w)
{
	AUTO_BUF out = BUF_MAX(NETRC_MAX);
	size_t i = 0;

	skip_blanks(rest);
	if (rest->n == 0)
		return false;
	w->quoted = rest->p[0] == '"';
	for (i = w->quoted ? 1 : 0; i < rest->n; i++) {
		if (w->quoted ? rest->p[i] == '"' : str_isspace(rest->p[i]))
			break;
		if (rest->p[i] == '\\' && i + 1 < rest->n)
			i++;
		buf_addch(&out, rest->p[i]);
	}
	*rest = str_skip(*rest, w->quoted ? i + 1 : i);
	w->s = (struct str){ arena_strz(&n->arena, buf_str(&out)), out.n };
	return true;
}

static struct netrc_entry *new_entry(struct netrc *n)
{
	struct netrc_entry *e = arena_alloc(&n->arena, sizeof(*e));

	*n->end = e;
	n->end = &e->next;
	return e;
}

/* A macro goes on to the first blank line. */
static void skip_macro(struct str *rest)
{
	struct str line;

	str_cut(rest, '\n', &line); /* that of its name */
	while (str_cut(rest, '\n', &line) && str_trim(line).n != 0)
		;
}

enum key {
	KEY_NONE,
	KEY_MACHINE,
	KEY_DEFAULT,
	KEY_LOGIN,
	KEY_PASSWORD,
	KEY_ACCOUNT,
	KEY_MACRO
};

static enum key key_of(const struct word *w)
{
	static const struct {
		const char *word;
		enum key key;
	} keys[] = { { "machine", KEY_MACHINE }, { "default", KEY_DEFAULT },
		{ "login", KEY_LOGIN }, { "user", KEY_LOGIN },
		{ "password", KEY_PASSWORD }, { "passwd", KEY_PASSWORD },
		{ "account", KEY_ACCOUNT }, { "macdef", KEY_MACRO } };
	size_t i;

	for (i = 0; !w->quoted && i < NELEM(keys); i++)
		if (str_eqc(w->s, keys[i].word))
			return keys[i].key;
	return KEY_NONE;
}

void netrc_parse(struct netrc *n, struct str text)
{
	struct netrc_entry *e = NULL;
	struct word w;
	enum key key;

	if (n->end == NULL)
		n->end = &n->first;
	while (next_word(n, &text, &w)) {
		key = key_of(&w);
		if (key == KEY_DEFAULT)
			e = new_entry(n);
		if (key == KEY_NONE || key == KEY_DEFAULT)
			continue;
		if (!next_word(n, &text, &w))
			return;
		if (key == KEY_MACRO) {
			skip_macro(&text);
		} else if (key == KEY_MACHINE) {
			e = new_entry(n);
			e->machine = w.s.p;
		} else if (e != NULL && key == KEY_LOGIN) {
			e->login = w.s.p;
		} else if (e != NULL && key == KEY_PASSWORD) {
			e->password = w.s.p;
		}
	}
}

enum st netrc_load(struct netrc *n, const char *path, struct err *e)
{
	AUTO_BUF text = BUF_MAX(NETRC_MAX);
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat sb;

	if (fd < 0 && access(path, F_OK) != 0)
		return ST_NONE;
	if (fd < 0 || fstat(fd, &sb) != 0)
		return err_temp(e, "", "open %s: %m", path);
	if ((sb.st_mode & 077) != 0)
		return err_temp(e, "",
		    "%s is not used, because others may "
		    "read it; say: chmod 600 %s",
		    path, path);
	if (io_slurp(fd, path, &text, e) != ST_OK)
		return ST_TEMP;
	netrc_parse(n, buf_str(&text));
	return ST_OK;
}

void netrc_clear(struct netrc *n)
{
	if (n == NULL)
		return;
	arena_clear(&n->arena);
	n->first = NULL;
	n->end = NULL;
}

const char *netrc_password(const struct netrc *n, const char *host,
    const char *login)
{
	const struct netrc_entry *e;

	for (e = n->first; e != NULL; e = e->next) {
		if (e->password == NULL ||
		    (e->machine != NULL && !str_ieqc(str_c(e->machine), host)))
			continue;
		if (e->login == NULL || strcmp(e->login, login) == 0)
			return e->password;
	}
	return NULL;
}
