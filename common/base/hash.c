/* hash - a seeded table: bytes to pointers. Open hashing, doubles when full. */

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"
#include "base/xalloc.h"

struct entry {
	struct entry *next;
	uint64_t sum;
	void *value;
	size_t n;
	char key[];
};

struct hash {
	struct entry **slots;
	size_t size; /* a power of two */
	size_t count;
};

static uint64_t rotl(uint64_t x, int b)
{
	return (x << b) | (x >> (64 - b));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* Aumasson and Bernstein, SipHash: a fast short-input PRF, 2012. */
uint64_t hash_bytes(struct str s)
{
	static uint64_t seed[2];
	uint64_t v[4], m = 0;
	size_t i;
	int k;

	if (seed[0] == 0 && getrandom(seed, sizeof(seed), 0) < 0)
		bug("getrandom failed");
	v[0] = seed[0] ^ 0x736f6d6570736575U;
	v[1] = seed[1] ^ 0x646f72616e646f6dU;
	v[2] = seed[0] ^ 0x6c7967656e657261U;
	v[3] = seed[1] ^ 0x7465646279746573U;
	for (i = 0; i + 8 <= s.n; i += 8) {
		memcpy(&m, s.p + i, 8);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	m = (uint64_t)s.n << 56;
	for (k = 0; i < s.n; i++, k += 8)
		m |= (uint64_t)(unsigned char)s.p[i] << k;
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (k = 0; k < 3; k++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct hash *hash_new(void)
{
	struct hash *h = xcalloc(1, sizeof(*h));

	h->size = 16;
	h->slots = xcalloc(h->size, sizeof(*h->slots));
	return h;
}

void hash_free(struct hash *h, void (*free_value)(void *))
{
	struct entry *e, *next;
	size_t i;

	if (h == NULL)
		return;
	for (i = 0; i < h->size; i++)
		for (e = h->slots[i]; e != NULL; e = next) {
			next = e->next;
			if (free_value != NULL)
				free_value(e->value);
			free(e);
		}
	free(h->slots);
	free(h);
}

/* Where the pointer to the entry of key is, or would go. */
static struct entry **find(const struct hash *h, struct str key, uint64_t sum)
{
	struct entry **at = &h->slots[sum & (h->size - 1)];

	while (*at != NULL &&
	    ((*at)->sum != sum ||
		!str_eq((struct str){ (*at)->key, (*at)->n }, key)))
		at = &(*at)->next;
	return at;
}

static void enlarge(struct hash *h)
{
	struct entry **old = h->slots, *e, *next, **at;
	size_t i, n = h->size;

	h->size *= 2;
	h->slots = xcalloc(h->size, sizeof(*h->slots));
	for (i = 0; i < n; i++)
		for (e = old[i]; e != NULL; e = next) {
			next = e->next;
			at = &h->slots[e->sum & (h->size - 1)];
			e->next = *at;
			*at = e;
		}
	free(old);
}

void *hash_get(const struct hash *h, struct str key)
{
	struct entry *e = *find(h, key, hash_bytes(key));

	return e != NULL ? e->value : NULL;
}

void *hash_put(struct hash *h, struct str key, void *value)
{
	uint64_t sum = hash_bytes(key);
	struct entry **at = find(h, key, sum), *e = *at;
	void *old;

	if (e != NULL) {
		old = e->value;
		e->value = value;
		return old;
	}
	e = xmalloc(sizeof(*e) + key.n);
	e->next = NULL;
	e->sum = sum;
	e->value = value;
	e->n = key.n;
	if (key.n != 0)
		memcpy(e->key, key.p, key.n);
	*at = e;
	if (++h->count > h->size)
		enlarge(h);
	return NULL;
}

void *hash_del(struct hash *h, struct str key)
{
	struct entry **at = find(h, key, hash_bytes(key)), *e = *at;
	void *value;

	if (e == NULL)
		return NULL;
	value = e->value;
	*at = e->next;
	free(e);
	h->count--;
	return value;
}

size_t hash_count(const struct hash *h)
{
	return h->count;
}

void hash_each(const struct hash *h,
    void (*fn)(struct str key, void *value, void *arg), void *arg)
{
	struct entry *e;
	size_t i;

	for (i = 0; i < h->size; i++)
		for (e = h->slots[i]; e != NULL; e = e->next)
			fn((struct str){ e->key, e->n }, e->value, arg);
}
