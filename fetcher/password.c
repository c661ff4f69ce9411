/* password - systemd's credentials, ~/.netrc, then the terminal. Runs in:
 * parent. */

#include "fetcher/password.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "fetcher/netrc.h"
#include "fetcher/report.h"
#include "fetcher/secret.h"

#define PASSWORD_MAX 1024

static const char *from_netrc(const struct netrc *n, const struct account *a)
{
	const char *p = netrc_password(n, a->label, a->user);

	return p != NULL ? p : netrc_password(n, a->host, a->user);
}

/* One line without echo; false at the end of input. */
static bool ask(const struct account *a, char line[PASSWORD_MAX])
{
	struct termios with, without;
	bool ok;

	fprintf(stderr, "Enter password for %s@%s: ", a->user, a->label);
	fflush(stderr);
	if (tcgetattr(STDIN_FILENO, &with) != 0)
		return false;
	without = with;
	without.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &without);
	ok = fgets(line, PASSWORD_MAX, stdin) != NULL;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &with);
	fputc('\n', stderr);
	return ok;
}

static enum st find_one(struct account *a, const struct netrc *n,
    struct arena *mem, struct err *e)
{
	char line[PASSWORD_MAX];
	const char *p = from_netrc(n, a);

	if (p == NULL && isatty(STDIN_FILENO) && ask(a, line)) {
		line[strcspn(line, "\r\n")] = '\0';
		p = line;
	}
	if (p == NULL)
		return err_temp(e, "", "can't find a password for %s@%s.",
		    a->user, a->label);
	a->password = arena_strz(mem, str_c(p));
	explicit_bzero(line, sizeof(line));
	return ST_OK;
}

static enum st from_systemd(struct account *a, struct arena *mem, struct err *e)
{
	AUTO_BUF word = BUF_MAX(SECRET_MAX);
	enum st st = secret_credential(a, &word, e);

	if (st == ST_OK)
		a->password = arena_strz(mem, buf_str(&word));
	if (word.p != NULL)
		explicit_bzero(word.p, word.n);
	return st;
}

/* Who lets us in by other means, or lets in everybody. */
static bool needs_none(const struct account *a)
{
	int64_t auth = opt_num(&a->o, OPT_AUTH);

	return auth == AUTH_SSH || auth == AUTH_EXTERNAL ||
	    opt_num(&a->o, OPT_PROTOCOL) == PROTO_ETRN;
}

enum st password_find(struct account *first, const char *path,
    struct arena *mem, struct err *e)
{
	struct netrc n = { 0 };
	struct account *a;
	enum st st = ST_OK;
	bool loaded = false;

	for (a = first; a != NULL && st == ST_OK; a = a->next) {
		if (a->password == NULL && needs_none(a))
			a->password = "";
		if (a->password != NULL || secret_is_asked(a))
			continue;
		st = from_systemd(a, mem, e);
		if (st != ST_NONE)
			continue;
		if (!loaded && netrc_load(&n, path, e) == ST_TEMP)
			report_error("warning: %s", e->text);
		loaded = true;
		st = find_one(a, &n, mem, e);
	}
	netrc_clear(&n);
	return st;
}
