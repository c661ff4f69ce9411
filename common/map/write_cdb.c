/* write_cdb - cdb: files, by TinyCDB. */

#include <cdb.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "map/types.h"
#include "map/writer.h"

static enum st open_cdb(struct writer *w, struct err *e)
{
	struct cdb_make *c = xcalloc(1, sizeof(*c));

	w->state = c;
	if (cdb_make_start(c, w->fd) != 0)
		return err_temp(e, "", "initialize database %s: %m", w->shown);
	return ST_OK;
}

static const enum cdb_put_mode modes[] = {
	[DUP_WARN] = CDB_PUT_INSERT,
	[DUP_IGNORE] = CDB_PUT_ADD,
	[DUP_REPLACE] = CDB_PUT_REPLACE,
};

static enum st put(struct writer *w, struct str key, struct str val,
    struct err *e)
{
	int rc;

	if (key.n > UINT32_MAX || val.n > UINT32_MAX)
		return err_temp(e, "", "error writing %s: record too large",
		    w->shown);
	rc = cdb_make_put(w->state, key.p, (unsigned)key.n, val.p,
	    (unsigned)val.n, modes[w->dup]);
	if (rc < 0)
		return err_temp(e, "", "error writing %s: %m", w->shown);
	return rc == 0 || w->dup == DUP_REPLACE ? ST_OK : ST_NONE;
}

static enum st close_cdb(struct writer *w, bool save, struct err *e)
{
	struct cdb_make *c = w->state;
	int rc;

	if (c == NULL)
		return ST_OK;
	w->state = NULL;
	/* Without finishing there is no other way to free what it holds. */
	rc = cdb_make_finish(c);
	free(c);
	if (rc == 0 || !save)
		return ST_OK;
	return err_temp(e, "", "finish database %s: %m", w->shown);
}

const struct writer_ops writer_cdb = {
	.type = &map_cdb_ops,
	.suffix = ".cdb",
	.no_add = "dict_cdb_open: inappropriate open flags for cdb database - "
		  "specify O_RDONLY or O_WRONLY|O_CREAT|O_TRUNC",
	.shown = BY_SOURCE,
	.open = open_cdb,
	.put = put,
	.close = close_cdb,
};
