/* access - own addresses and who is local. Runs in: router, monitor. */

#include "vdeliver/access.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xalloc.h"

struct access {
	bool interfaces; /* permit_inet_interfaces is set */

	struct hash *own;
};

static bool text_of(const struct sockaddr *sa, char text[INET6_ADDRSTRLEN])
{
	const void *bytes = NULL;

	if (sa == NULL)
		return false;
	if (sa->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)sa)->sin_addr;
	else if (sa->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)sa)->sin6_addr;
	return bytes != NULL &&
	    inet_ntop(sa->sa_family, bytes, text, INET6_ADDRSTRLEN) != NULL;
}

/* inet_interfaces may name fewer than there are. */
static bool is_ours(const struct settings *set, const char *addr)
{
	struct str list = str_c(set->inet_interfaces), one;
	bool loopback =
	    strncmp(addr, "127.", 4) == 0 || strcmp(addr, "::1") == 0;

	while (str_word(&list, ", \t\r\n", &one)) {
		if (str_ieqc(one, "all") || str_eqc(one, addr))
			return true;
		if (loopback &&
		    (str_ieqc(one, "loopback-only") ||
			str_ieqc(one, "localhost")))
			return true;
	}
	return false;
}

struct access *access_new(const struct settings *set)
{
	struct access *a = xcalloc(1, sizeof(*a));
	const char *who = set->local_header_rewrite_clients;
	struct ifaddrs *list, *i;
	char text[INET6_ADDRSTRLEN];

	a->own = hash_new();
	a->interfaces = strstr(who, "permit_inet_interfaces") != NULL;
	if (getifaddrs(&list) != 0)
		return a;
	for (i = list; i != NULL; i = i->ifa_next)
		if (text_of(i->ifa_addr, text) && is_ours(set, text))
			hash_put(a->own, str_c(text), a);
	freeifaddrs(list);
	return a;
}

void access_free(struct access *a)
{
	if (a == NULL)
		return;
	hash_free(a->own, NULL);
	free(a);
}

bool access_is_own(const struct access *a, const char *addr)
{
	return hash_get(a->own, str_c(addr)) != NULL;
}

bool access_is_local(const struct access *a, const char *addr)
{
	return a->interfaces && access_is_own(a, addr);
}

static int mask_bits(const struct sockaddr *mask, bool subnet)
{
	const unsigned char *p;
	int bits = 0, n, i;

	if (mask->sa_family == AF_INET) {
		p = (const void *)&((const struct sockaddr_in *)mask)->sin_addr;
		n = 4;
	} else {
		p = (const void *)&((const struct sockaddr_in6 *)mask)
			->sin6_addr;
		n = 16;
	}
	if (!subnet)
		return n * 8;
	for (i = 0; i < n; i++)
		bits += __builtin_popcount(p[i]);
	return bits;
}

static void add_network(struct buf *out, const struct ifaddrs *i, bool subnet)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN];
	int family = i->ifa_addr->sa_family, bits, k;
	int size = family == AF_INET ? 4 : 16;

	if (!text_of(i->ifa_addr, text) || i->ifa_netmask == NULL ||
	    inet_pton(family, text, bytes) != 1)
		return;
	bits = mask_bits(i->ifa_netmask, subnet);
	for (k = bits; k < size * 8; k++)
		bytes[k / 8] &= (unsigned char)~(0x80 >> k % 8);
	inet_ntop(family, bytes, text, sizeof(text));
	buf_addf(out, family == AF_INET ? " %s/%d" : " [%s]/%d", text, bits);
}

void access_own_networks(struct buf *out, bool subnet)
{
	struct ifaddrs *list, *i;

	buf_addc(out, "127.0.0.0/8 [::1]/128");
	if (getifaddrs(&list) != 0)
		return;
	for (i = list; i != NULL; i = i->ifa_next)
		if (i->ifa_addr != NULL &&
		    (i->ifa_addr->sa_family == AF_INET ||
			i->ifa_addr->sa_family == AF_INET6))
			add_network(out, i, subnet);
	freeifaddrs(list);
}
