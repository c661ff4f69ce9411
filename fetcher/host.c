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

const char *host_postmaster(const struct account *a)
{
	const char *set = opt_text(a->global, OPT_POSTMASTER);

	if (set != NULL)
		return set;
	return getuid() == 0 ? "postmaster" : calling_user();
}
