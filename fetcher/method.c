/* method - rows of mechanisms. Runs in: poll child. */

#include "fetcher/method.h"

#include <stdio.h>
#include <string.h>

#include "fetcher/server.h"

static const struct {
	enum auth auth;
	const char *mech;
	bool any;   /* tried when nothing is said */
	bool clear; /* it shows the secret to who listens */
	bool token;
} rows[] = {
	{ AUTH_SCRAM_SHA_256, "SCRAM-SHA-256", true, false, false },
	{ AUTH_SCRAM_SHA_1, "SCRAM-SHA-1", true, false, false },
	{ AUTH_CRAM_MD5, "CRAM-MD5", true, false, false },
	{ AUTH_PLAIN, "PLAIN", false, true, false },
	{ AUTH_LOGIN, "LOGIN", false, true, false },
	{ AUTH_EXTERNAL, "EXTERNAL", false, false, false },
	{ AUTH_OAUTHBEARER, "OAUTHBEARER", false, true, true },
	{ AUTH_XOAUTH2, "XOAUTH2", false, true, true },
};

const char *method_name(const struct account *a, size_t n)
{
	int64_t auth = opt_num(&a->o, OPT_AUTH);
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if ((auth == AUTH_ANY ? rows[i].any
				      : (int64_t)rows[i].auth == auth) &&
		    n-- == 0)
			return rows[i].mech;
	return NULL;
}

bool method_is_named(const struct account *a)
{
	return opt_num(&a->o, OPT_AUTH) != AUTH_ANY &&
	    method_name(a, 0) != NULL;
}

bool method_wants_token(const struct account *a)
{
	int64_t auth = opt_num(&a->o, OPT_AUTH);
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if ((int64_t)rows[i].auth == auth)
			return rows[i].token;
	return false;
}

static bool is_clear(const char *mech)
{
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (strcmp(rows[i].mech, mech) == 0)
			return rows[i].clear;
	return true;
}

enum st method_check_line(const struct account *a, const char *mech,
    const struct conn *c, struct err *e)
{
	if (!is_clear(mech) || conn_is_tls(c) || conn_is_loopback(c) ||
	    server_tls_want(a, false) == TLS_NEVER)
		return ST_OK;
	return err_temp(e, "",
	    "%s would show the secret to everybody who listens, and the line "
	    "is not encrypted; say: tls required, or tls implicit",
	    mech);
}

void method_explain(const struct sasl *s, struct err *e)
{
	char before[sizeof(e->text)];

	if (s->trouble[0] == '\0')
		return;
	snprintf(before, sizeof(before), "%s", e->text);
	err_temp(e, "", "%s: %s%s%s", sasl_name(s), s->trouble,
	    before[0] != '\0' ? "; " : "", before);
}
