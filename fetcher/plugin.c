/* plugin - a command for a socket. Runs in: poll child. */

#include "fetcher/plugin.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/spawn.h"
#include "fetcher/report.h"

#define WORD_MAX 65536
#define BLANKS   " \t\r\n"

static char *expand(struct str word, const struct plugin_to *to,
    struct arena *mem)
{
	AUTO_BUF out = BUF_MAX(WORD_MAX);
	size_t i;

	for (i = 0; i < word.n; i++) {
		char next =
		    word.p[i] == '%' && i + 1 < word.n ? word.p[i + 1] : '\0';

		if (next == 'h' || next == 'p') {
			buf_addc(&out, next == 'h' ? to->host : to->port);
			i++;
		} else {
			buf_addch(&out, word.p[i]);
		}
	}
	return arena_strz(mem, buf_str(&out));
}

char **plugin_words(const char *command, const struct plugin_to *to,
    struct arena *mem)
{
	struct str rest = str_c(command), word;
	char **words;
	size_t n = 0;

	while (str_word(&rest, BLANKS, &word))
		n++;
	if (n == 0)
		return NULL;
	words = arena_array(mem, n + 1, sizeof(*words));
	rest = str_c(command);
	for (n = 0; str_word(&rest, BLANKS, &word); n++)
		words[n] = expand(word, to, mem);
	return words;
}

static enum st run(struct conn **c, char **words, const struct plugin_to *to,
    struct err *e)
{
	struct spawn p;
	int fd;

	if (report_verbose())
		report_note("running %s (host %s service %s)", words[0],
		    to->host, to->port);
	if (spawn_peer(&p, words, &fd, e) != ST_OK)
		return ST_TEMP;
	/* It ends when the connection does, or with us. */
	*c = conn_new(fd, to->host, to->timeout_ms);
	return ST_OK;
}

enum st plugin_connect(struct conn **c, const struct account *a,
    enum option_id id, const struct plugin_to *to, struct err *e)
{
	const char *command = opt_text(&a->o, id);
	AUTO_ARENA mem = { 0 };
	char **words = NULL;

	if (command != NULL && to->host[0] != '/')
		words = plugin_words(command, to, &mem);
	if (words == NULL)
		return conn_open(c, to->host, to->port, to->timeout_ms, e);
	return run(c, words, to, e);
}

/* The last words of a message, without its full stop. */
static struct str reason(const struct err *e)
{
	const char *colon = strrchr(e->text, ':');
	struct str why = str_c(colon != NULL ? colon + 1 : e->text);

	why = str_trim(why);
	return str_ends(why, STR(".")) ? str_head(why, why.n - 1) : why;
}

void plugin_tell_failed(const char *name, const struct plugin_to *to,
    struct err *e)
{
	int cause = errno;

	report_error("Connection errors for this poll:");
	report_bare_error("name 0: %s", e->text);
	if (name != NULL)
		report_bare_error("%s connection to %s failed: %.*s", name,
		    to->host, STR_ARG(reason(e)));
	e->text[0] = '\0';
	errno = cause;
}

void plugin_tell_connected(const struct conn *c)
{
	if (report_verbose() && conn_peer(c)[0] != '\0')
		report_info("Trying to connect to %s/%u...connected.",
		    conn_peer(c), conn_peer_port(c));
}
