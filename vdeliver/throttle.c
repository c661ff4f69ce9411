/* throttle - connections and events by client. Runs in: router. */

#include "vdeliver/throttle.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/xalloc.h"

#define KEY_MAX 17

struct entry {
	char key[KEY_MAX];
	int64_t connections;
	struct {
		int64_t start_ms, count;
	} events[THROTTLE_EVENTS];
};

struct throttle {
	const struct settings *set;
	struct hash *entries; /* prefix → struct entry */
	int64_t swept_ms;
};

static const struct {
	const char *name;
	size_t limit;
} events[THROTTLE_EVENTS] = {
#define LIMIT(f) offsetof(struct settings, f)
	[THROTTLE_CONNECT] = { "Connection",
	    LIMIT(smtpd_client_connection_rate_limit) },
	[THROTTLE_MAIL] = { "Message delivery request",
	    LIMIT(smtpd_client_message_rate_limit) },
	[THROTTLE_RCPT] = { "Recipient address",
	    LIMIT(smtpd_client_recipient_rate_limit) },
	[THROTTLE_TLS] = { "New TLS session",
	    LIMIT(smtpd_client_new_tls_session_rate_limit) },
#undef LIMIT
};

const char *throttle_name(enum throttle_event event)
{
	return events[event].name;
}

struct throttle *throttle_new(const struct settings *set)
{
	struct throttle *t = xcalloc(1, sizeof(*t));

	t->set = set;
	t->entries = hash_new();
	t->swept_ms = clock_ms();
	return t;
}

static void free_entry(void *e)
{
	free(e);
}

void throttle_free(struct throttle *t)
{
	if (t == NULL)
		return;
	hash_free(t->entries, free_entry);
	free(t);
}

static void keep_bits(unsigned char *bytes, int64_t n, int64_t bits)
{
	int64_t i;

	for (i = bits < 0 ? 0 : bits; i < n * 8; i++)
		bytes[i / 8] &= (unsigned char)~(0x80 >> i % 8);
}

/* The family and the prefix; what is no address stands for itself. */
static struct str make_key(const struct settings *set, const char *addr,
    char key[KEY_MAX])
{
	unsigned char *bytes = (unsigned char *)key + 1;

	memset(key, 0, KEY_MAX);
	if (inet_pton(AF_INET, addr, bytes) == 1) {
		key[0] = '4';
		keep_bits(bytes, 4, set->smtpd_client_ipv4_prefix_length);
	} else if (inet_pton(AF_INET6, addr, bytes) == 1) {
		key[0] = '6';
		keep_bits(bytes, 16, set->smtpd_client_ipv6_prefix_length);
	}
	return (struct str){ key, KEY_MAX };
}

static bool is_over(const struct throttle *t, const struct entry *e,
    int64_t now)
{
	size_t i;

	for (i = 0; i < THROTTLE_EVENTS; i++)
		if (e->events[i].count != 0 &&
		    now - e->events[i].start_ms <=
			t->set->anvil_rate_time_unit * 1000)
			return false;
	return e->connections == 0;
}

struct sweep {
	const struct throttle *t;
	struct entry **over;
	size_t n;
};

static void look(struct str key UNUSED, void *value, void *arg)
{
	struct sweep *s = arg;

	if (is_over(s->t, value, clock_ms()))
		s->over[s->n++] = value;
}

static void drop(struct throttle *t, struct entry *e)
{
	hash_del(t->entries, (struct str){ e->key, KEY_MAX });
	free(e);
}

/* Once in a time unit all that is over is forgotten: so there are never more
 * entries than clients that came within two units. */
static void sweep(struct throttle *t)
{
	struct sweep s = { .t = t };
	int64_t now = clock_ms();

	if (now - t->swept_ms < t->set->anvil_rate_time_unit * 1000)
		return;
	t->swept_ms = now;
	s.over = xcalloc(hash_count(t->entries) + 1, sizeof(struct entry *));
	hash_each(t->entries, look, &s);
	while (s.n != 0)
		drop(t, s.over[--s.n]);
	free(s.over);
}

static struct entry *find(struct throttle *t, const char *addr, bool make)
{
	char key[KEY_MAX];
	struct str k = make_key(t->set, addr, key);
	struct entry *e = hash_get(t->entries, k);

	if (e != NULL || !make)
		return e;
	sweep(t);
	e = xcalloc(1, sizeof(*e));
	memcpy(e->key, key, KEY_MAX);
	hash_put(t->entries, (struct str){ e->key, KEY_MAX }, e);
	return e;
}

bool throttle_enter(struct throttle *t, const char *addr, bool exempt)
{
	int64_t limit = t->set->smtpd_client_connection_count_limit;
	struct entry *e = find(t, addr, true);

	if (limit > 0 && !exempt && e->connections >= limit)
		return false;
	e->connections++;
	return true;
}

void throttle_leave(struct throttle *t, const char *addr)
{
	struct entry *e = find(t, addr, false);

	if (e == NULL || e->connections == 0)
		return;
	e->connections--;
	if (is_over(t, e, clock_ms()))
		drop(t, e);
}

int64_t throttle_event(struct throttle *t, const char *addr,
    enum throttle_event event)
{
	int64_t limit =
	    *(const int64_t *)((const char *)t->set + events[event].limit);
	int64_t now = clock_ms(), unit = t->set->anvil_rate_time_unit * 1000;
	struct entry *e;

	if (limit <= 0)
		return 0;
	e = find(t, addr, true);
	if (now - e->events[event].start_ms > unit ||
	    e->events[event].count == 0) {
		e->events[event].start_ms = now;
		e->events[event].count = 0;
	}
	e->events[event].count++;
	return e->events[event].count > limit ? e->events[event].count : 0;
}
