/* listeners - the sockets of vdeliver_listen. Runs in: monitor. */

#include "vdeliver/listeners.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "vdeliver/master_cf.h"

/* Take the sockets of an item over from old, if it was there. */
static bool adopt(struct listeners *l, struct listeners *old,
    const struct listen_item *item)
{
	bool found = false;
	size_t i;

	for (i = 0; old != NULL && i < old->n && l->n < LISTENERS_MAX; i++) {
		if (strcmp(old->text[i], item->text) != 0)
			continue;
		l->v[l->n] = old->v[i];
		memcpy(l->text[l->n], old->text[i], sizeof(l->text[0]));
		memcpy(l->path[l->n], old->path[i], sizeof(l->path[0]));
		l->n++;
		found = true;
	}
	return found;
}

static enum st open_item(struct listeners *l, const struct listen_item *item,
    struct err *e)
{
	int fds[LISTENERS_MAX];
	size_t n, i;

	if (listen_open(item, fds, LISTENERS_MAX - l->n, &n, e) != ST_OK)
		return ST_TEMP;
	for (i = 0; i < n; i++, l->n++) {
		l->v[l->n] = (struct front_listener){ fds[i], item->proto,
			item->is_unix, item->tls };
		snprintf(l->text[l->n], sizeof(l->text[0]), "%s", item->text);
		snprintf(l->path[l->n], sizeof(l->path[0]), "%s", item->path);
	}
	return ST_OK;
}

static bool is_in(const struct listeners *l, int fd)
{
	size_t i;

	for (i = 0; l != NULL && i < l->n; i++)
		if (l->v[i].fd == fd)
			return true;
	return false;
}

/* Close what is in l and not in keep. */
static void close_except(struct listeners *l, const struct listeners *keep,
    bool remove_files)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (is_in(keep, l->v[i].fd))
			continue;
		fd_clear(&l->v[i].fd);
		if (remove_files && l->path[i][0] != '\0')
			unlink(l->path[i]);
	}
	l->n = 0;
}

static enum st open_all(struct listeners *l, struct listeners *old,
    const struct settings *set, struct str list, struct err *e)
{
	struct listen_item item;
	struct str text;

	l->n = 0;
	while (str_word(&list, ", \t\r\n", &text)) {
		if (listen_parse(&item, text, set->queue_directory, e) !=
			ST_OK ||
		    (!adopt(l, old, &item) &&
			open_item(l, &item, e) != ST_OK)) {
			close_except(l, old, false);
			return ST_TEMP;
		}
		if (l->n == LISTENERS_MAX)
			return err_temp(e, "",
			    "vdeliver_listen: more than %d "
			    "sockets",
			    LISTENERS_MAX);
	}
	return ST_OK;
}

/* vdeliver_listen, or what stands for it when it is empty. */
static enum st wanted(const struct settings *set, struct buf *from_master,
    struct str *list, struct err *e)
{
	*list = str_c(set->vdeliver_listen);
	if (str_trim(*list).n != 0)
		return ST_OK;
	if (master_cf_listen(set, from_master, e) != ST_OK)
		return ST_TEMP;
	*list = buf_str(from_master);
	return ST_OK;
}

enum st listeners_check(const struct settings *set, struct err *e)
{
	AUTO_BUF from_master = BUF_MAX(4000);
	struct listen_item item;
	struct str list, text;

	if (wanted(set, &from_master, &list, e) != ST_OK)
		return ST_TEMP;
	while (str_word(&list, ", \t\r\n", &text))
		if (listen_parse(&item, text, set->queue_directory, e) != ST_OK)
			return ST_TEMP;
	return ST_OK;
}

enum st listeners_change(struct listeners *old, const struct settings *set,
    struct listeners *fresh, struct err *e)
{
	AUTO_BUF from_master = BUF_MAX(4000);
	struct str list;

	if (wanted(set, &from_master, &list, e) != ST_OK ||
	    open_all(fresh, old, set, list, e) != ST_OK)
		return ST_TEMP;
	if (old != NULL)
		close_except(old, fresh, true);
	return ST_OK;
}

enum st listeners_open(struct listeners *l, const struct settings *set,
    struct err *e)
{
	return listeners_change(NULL, set, l, e);
}

void listeners_close(struct listeners *l, bool remove_files)
{
	close_except(l, NULL, remove_files);
}

void listeners_log(const struct listeners *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		log_info("listening on %s (port %u)", l->text[i],
		    listen_port(l->v[i].fd));
}
