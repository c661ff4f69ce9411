/* write_cdb - cdb: files, by TinyCDB. */

#include <cdb.h>

#include "map/types.h"
#include "map/writer.h"

static bool put_all(struct cdb_make *c, const struct bulk *b)
{
	const struct bulk_rec *r;
	size_t i;

	for (i = 0; i < bulk_count(b); i++) {
		r = bulk_at(b, i);
		if (cdb_make_add(c, r->p, r->key_n, r->p + r->key_n,
			r->val_n) != 0)
			return false;
	}
	return true;
}

/* In the order of input: what is looked up first, if a key is there twice. */
static enum st fill_cdb(struct writer *w, struct bulk *b, struct err *e)
{
	struct cdb_make c;
	bool ok;

	bulk_sort_by_input(b);
	if (cdb_make_start(&c, w->fd) != 0)
		return err_temp(e, "", "initialize database %s: %m", w->shown);
	ok = put_all(&c, b);
	/* Without finishing there is no other way to free what it holds. */
	if (cdb_make_finish(&c) == 0 && ok)
		return ST_OK;
	return err_temp(e, "", "error writing %s: %m", w->shown);
}

const struct writer_ops writer_cdb = {
	.type = &map_cdb_ops,
	.suffix = ".cdb",
	.both = true,
	.no_add = "dict_cdb_open: inappropriate open flags for cdb database - "
		  "specify O_RDONLY or O_WRONLY|O_CREAT|O_TRUNC",
	.shown = BY_SOURCE,
	.fill = fill_cdb,
};
