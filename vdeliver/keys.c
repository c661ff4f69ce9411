/* keys - contexts in force, files that are watched. Runs in: monitor. */

#include "vdeliver/keys.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define FILES_MAX     32
#define NAMES_MAX     65536
#define QUIET_SECONDS 1.0

struct keys {
	struct ev_loop *loop;
	struct front_tls *now;
	struct watched {
		struct ev_stat stat;
		char *path;
		struct keys *home;
	} files[FILES_MAX];
	size_t n;
	struct ev_timer quiet;
	void (*changed)(void *);
	void *arg;
};

static void on_quiet(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct keys *k = CONTAINER_OF(t, struct keys, quiet);

	(void)events;
	ev_timer_stop(loop, t);
	k->changed(k->arg);
}

static void on_stat(struct ev_loop *loop, struct ev_stat *w, int events)
{
	struct keys *k = CONTAINER_OF(w, struct watched, stat)->home;

	(void)events;
	ev_timer_again(loop, &k->quiet);
}

struct keys *keys_new(struct ev_loop *loop, void (*changed)(void *), void *arg)
{
	struct keys *k = xcalloc(1, sizeof(*k));

	k->loop = loop;
	k->changed = changed;
	k->arg = arg;
	ev_timer_init(&k->quiet, on_quiet, 0, QUIET_SECONDS);
	return k;
}

bool keys_wrapped(const struct settings *set)
{
	struct str list = str_c(set->vdeliver_listen), item;

	while (str_word(&list, ", \t\r\n", &item))
		if (str_istarts(item, STR("smtps:")) ||
		    str_istarts(item, STR("lmtps:")))
			return true;
	return false;
}

static void unwatch(struct keys *k)
{
	for (; k->n != 0; k->n--) {
		ev_stat_stop(k->loop, &k->files[k->n - 1].stat);
		free(k->files[k->n - 1].path);
	}
}

static void watch(struct keys *k, const struct settings *set)
{
	AUTO_BUF names = BUF_MAX(NAMES_MAX);
	struct str rest, one;

	front_tls_files(set, &names);
	rest = buf_str(&names);
	while (k->n < FILES_MAX && str_word(&rest, "\n", &one)) {
		struct watched *w = &k->files[k->n++];

		w->home = k;
		w->path = xstrndup(one);
		ev_stat_init(&w->stat, on_stat, w->path, 0);
		ev_stat_start(k->loop, &w->stat);
	}
}

void keys_take(struct keys *k, struct front_tls *fresh,
    const struct settings *set)
{
	unwatch(k);
	ev_timer_stop(k->loop, &k->quiet);
	front_tls_free(k->now);
	k->now = fresh;
	if (fresh != NULL)
		watch(k, set);
}

struct front_tls *keys_now(const struct keys *k)
{
	return k->now;
}
