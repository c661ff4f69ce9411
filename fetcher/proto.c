/* proto - sessions come and go. Runs in: poll child. */

#include "fetcher/proto.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define REPLY_MAX 4096

struct proto *proto_new(const struct proto_ops *ops, const struct account *a,
    const struct poll_how *how)
{
	struct proto *p = xcalloc(1, ops->size);

	p->ops = ops;
	p->a = a;
	p->how = how;
	p->reply.max = REPLY_MAX;
	return p;
}

void proto_free(struct proto *p)
{
	if (p == NULL)
		return;
	conn_close(p->conn);
	if (p->ops->clear != NULL)
		p->ops->clear(p);
	buf_clear(&p->reply);
	arena_clear(&p->arena);
	free(p);
}
