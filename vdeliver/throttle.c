/* throttle - connections by client address. Runs in: router. */

#include "vdeliver/throttle.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"

struct throttle {
	const struct settings *set;
	struct hash *counts; /* address → int64_t */
};

struct throttle *throttle_new(const struct settings *set)
{
	struct throttle *t = xcalloc(1, sizeof(*t));

	t->set = set;
	t->counts = hash_new();
	return t;
}

bool throttle_enter(struct throttle *t, const char *addr, bool exempt)
{
	int64_t limit = t->set->smtpd_client_connection_count_limit;
	int64_t *n = hash_get(t->counts, str_c(addr));

	if (limit > 0 && !exempt && n != NULL && *n >= limit)
		return false;
	if (n == NULL) {
		n = xcalloc(1, sizeof(*n));
		hash_put(t->counts, str_c(addr), n);
	}
	++*n;
	return true;
}

void throttle_leave(struct throttle *t, const char *addr)
{
	int64_t *n = hash_get(t->counts, str_c(addr));

	if (n != NULL && --*n == 0)
		free(hash_del(t->counts, str_c(addr)));
}
