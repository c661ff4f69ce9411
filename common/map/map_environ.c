/* environ: - environment variables by name. postmap(1), "TABLE TYPES". */

#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "map/types.h"

static enum st environ_open(struct map *m UNUSED, struct err *e UNUSED)
{
	return ST_OK;
}

static enum st environ_get(struct map *m UNUSED, struct str key,
    struct buf *val, struct err *e UNUSED)
{
	/* A process with another's rights does not believe its caller. */
	char *name = xstrndup(key);
	const char *v = secure_getenv(name);

	free(name);
	if (v == NULL)
		return ST_NONE;
	buf_set(val, str_c(v));
	return ST_OK;
}

const struct map_ops map_environ_ops = {
	.type = "environ",
	.lasts = true,
	.coded = true,
	.open = environ_open,
	.get = environ_get,
};
