/* postconf_facts - facts of this build, one name a line. */

#include "maptool/postconf_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "map/types.h"
#include "maptool/crypto.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* -m: the types that can be opened; "proxy:" may stand before any of them. */
static int show_types(const struct postconf *pc UNUSED)
{
	const struct map_ops *const *types;
	const char **names;
	size_t n, found = 0, i;

	types = map_types(&n);
	names = xcalloc(n + 1, sizeof(*names));
	for (i = 0; i < n; i++)
		if (types[i]->there == NULL || types[i]->there(types[i]))
			names[found++] = types[i]->type;
	names[found++] = "proxy";
	qsort(names, found, sizeof(*names), by_name);
	for (i = 0; i < found; i++)
		puts(names[i]);
	free(names);
	return 0;
}

static int show_locks(const struct postconf *pc UNUSED)
{
	puts("flock\nfcntl\ndotlock");
	return 0;
}

/* -a, -A: nobody logs in, so no plug-in can be chosen: an empty list. */
static int show_logins(const struct postconf *pc UNUSED)
{
	return 0;
}

static enum st tls_compile_version(struct err *e UNUSED)
{
	puts(crypto_compile_version());
	return ST_OK;
}

static enum st tls_run_version(struct err *e)
{
	const char *text;

	if (crypto_run_version(&text, e) != ST_OK)
		return ST_TEMP;
	puts(text);
	return ST_OK;
}

static enum st tls_algorithms(struct err *e)
{
	static const struct {
		const char *name, *openssl;
	} known[] = { { "dsa", "DSA" }, { "ecdsa", "EC" }, { "rsa", "RSA" } };
	bool knows;
	size_t i;

	for (i = 0; i < NELEM(known); i++) {
		if (crypto_knows_key(known[i].openssl, &knows, e) != ST_OK)
			return ST_TEMP;
		if (knows)
			puts(known[i].name);
	}
	return ST_OK;
}

static int show_tls(const struct postconf *pc)
{
	static const struct {
		const char *mode;
		enum st (*show)(struct err *e);
	} modes[] = {
		{ "compile-version", tls_compile_version },
		{ "run-version", tls_run_version },
		{ "public-key-algorithms", tls_algorithms },
	};
	struct err e;
	size_t i;

	for (i = 0; i < NELEM(modes); i++) {
		if (strcmp(modes[i].mode, pc->tls_mode) != 0)
			continue;
		if (modes[i].show(&e) == ST_OK)
			return 0;
		log_fatal("%s", e.text);
	}
	log_warn("unknown 'postconf -T' mode: %s", pc->tls_mode);
	return 1;
}

static int refuse(const struct postconf *pc)
{
	log_fatal("option -%c is not supported: these programs send no "
		  "bounce messages and have no templates for them",
	    pc_has(pc, 'b') ? 'b' : 't');
}

bool pc_show_facts(const struct postconf *pc, int *rc)
{
	static const struct {
		char letter;
		int (*show)(const struct postconf *pc);
	} facts[] = {
		{ 'a', show_logins },
		{ 'A', show_logins },
		{ 'b', refuse },
		{ 'l', show_locks },
		{ 'm', show_types },
		{ 't', refuse },
		{ 'T', show_tls },
	};
	size_t i;

	for (i = 0; i < NELEM(facts); i++) {
		if (!pc_has(pc, facts[i].letter))
			continue;
		*rc = facts[i].show(pc);
		if (fflush(stdout) != 0)
			log_fatal("write to standard output: %m");
		return true;
	}
	return false;
}
