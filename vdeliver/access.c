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
	bool networks;   /* permit_mynetworks is */
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
	a->networks = strstr(who, "permit_mynetworks") != NULL;
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

bool access_is_local(const struct access *a, const char *addr, bool trusted)
{
	return (a->interfaces && access_is_own(a, addr)) ||
	    (a->networks && trusted);
}
