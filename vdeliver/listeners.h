/*
 * listeners - the sockets of vdeliver_listen: open them, change them at a
 * reload, remove them in the end.
 */
#ifndef VDELIVER_LISTENERS_H
#define VDELIVER_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/macros.h"
#include "net/listen.h"
#include "vdeliver/front.h"
#include "vdeliver/settings.h"

#define LISTENERS_MAX 64

struct listeners {
	struct front_listener v[LISTENERS_MAX];
	char text[LISTENERS_MAX][256]; /* the item that each comes from */
	char path[LISTENERS_MAX][108]; /* UNIX sockets, else "" */
	size_t n;
};

/*
 * Open all items of vdeliver_listen; when it is empty, the inet smtpd services
 * of master.cf, else 127.0.0.1:2525. ST_TEMP: the reason; nothing stays open.
 */
enum st listeners_open(struct listeners *l, const struct settings *set,
    struct err *e) MUST_CHECK;
/*
 * What the new settings want: items that stay keep their sockets, new ones are
 * opened, others closed. ST_TEMP: old is untouched.
 */
enum st listeners_change(struct listeners *old, const struct settings *set,
    struct listeners *fresh, struct err *e) MUST_CHECK;
/* Would listeners_open() understand vdeliver_listen? It opens nothing. */
enum st listeners_check(const struct settings *set, struct err *e) MUST_CHECK;
/* Close, and remove the files of UNIX sockets when asked. */
void listeners_close(struct listeners *l, bool remove_files);
/* One log line each: where we listen. */
void listeners_log(const struct listeners *l);

#endif
