/* host - names by the resolver. */

#include "fetcher/host.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fetcher/account.h"

enum st host_canonical(const char *host, struct arena *a, const char **name,
    struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME,
		.ai_socktype = SOCK_STREAM },
			*list;
	int rc = getaddrinfo(host, NULL, &hints, &list);

	if (rc != 0)
		return err_temp(e, "4.4.3", "%s", gai_strerror(rc));
	*name = arena_strz(a,
	    str_c(list->ai_canonname != NULL ? list->ai_canonname : host));
	freeaddrinfo(list);
	return ST_OK;
}

const char *host_fqdn(void)
{
	static char fqdn[256];
	AUTO_ARENA a = { 0 };
	char name[256] = "localhost";
	const char *full;

	if (fqdn[0] != '\0')
		return fqdn;
	if (gethostname(name, sizeof(name) - 1) != 0)
		memcpy(name, "localhost", sizeof("localhost"));
	if (strchr(name, '.') == NULL &&
	    host_canonical(name, &a, &full, NULL) == ST_OK)
		snprintf(fqdn, sizeof(fqdn), "%s", full);
	else
		snprintf(fqdn, sizeof(fqdn), "%s", name);
	return fqdn;
}

static bool same_address(const struct addrinfo *a, const struct addrinfo *b)
{
	const struct addrinfo *x, *y;

	for (x = a; x != NULL; x = x->ai_next)
		for (y = b; y != NULL; y = y->ai_next)
			if (x->ai_addrlen == y->ai_addrlen &&
			    memcmp(x->ai_addr, y->ai_addr, x->ai_addrlen) == 0)
				return true;
	return false;
}

static bool same_name(const struct addrinfo *a, const struct addrinfo *b)
{
	return a->ai_canonname != NULL && b->ai_canonname != NULL &&
	    str_ieqc(str_c(a->ai_canonname), b->ai_canonname);
}

bool host_is_alias(const char *a, const char *b, bool by_address)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME,
		.ai_socktype = SOCK_STREAM },
			*la, *lb;
	bool same = false;

	if (getaddrinfo(a, NULL, &hints, &la) != 0)
		return false;
	if (getaddrinfo(b, NULL, &hints, &lb) == 0) {
		same =
		    same_name(la, lb) || (by_address && same_address(la, lb));
		freeaddrinfo(lb);
	}
	freeaddrinfo(la);
	return same;
}

const char *host_default_postmaster(void)
{
	return getuid() == 0 ? "postmaster" : calling_user();
}

const char *host_postmaster(const struct account *a)
{
	const char *set = opt_text(a->global, OPT_POSTMASTER);

	return set != NULL ? set : host_default_postmaster();
}
