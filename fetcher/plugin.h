/*
 * plugin - connect by a command instead of a socket of our own: plugin towards
 * servers, plugout towards listeners.
 */
#ifndef FETCHER_PLUGIN_H
#define FETCHER_PLUGIN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "net/conn.h"

struct plugin_to {
	const char *host, *port;
	int64_t timeout_ms;
};

/*
 * Connect to a host, by the command that option id (OPT_PLUGIN, OPT_PLUGOUT)
 * has, if any; otherwise, and for a UNIX socket always, by conn_open(). The
 * command's words are split at blanks, no shell sees them; it talks by its
 * standard input and output. Fails like conn_open().
 */
enum st plugin_connect(struct conn **c, const struct account *a,
    enum option_id id, const struct plugin_to *to, struct err *e) MUST_CHECK;

/*
 * Tell why that failed, e, in fetchmail's lines; name is the protocol's, or
 * NULL where the caller has more to say. e->text is empty then, errno stays.
 */
void plugin_tell_failed(const char *name, const struct plugin_to *to,
    struct err *e);
/* With -v: whom we talk to. */
void plugin_tell_connected(const struct conn *c);

/*
 * The words of a command, ended by NULL: %h is the host, %p the port, wherever
 * they stand. NULL when there is no word. In the arena.
 */
char **plugin_words(const char *command, const struct plugin_to *to,
    struct arena *mem);

#endif
