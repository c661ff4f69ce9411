/*
 * dump - the resolved configuration for programs: as fetchmail's --configdump
 * writes it, a Python program that sets "fetchmailrc", or as JSON with the
 * same keys.
 *
 * Pure: accounts in, text out.
 */
#ifndef FETCHER_DUMP_H
#define FETCHER_DUMP_H

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/config.h"

enum dump_form {
	DUMP_PYTHON, /* with passwords: a configurator reads them */
	DUMP_JSON,   /* passwords are "*" */
};

/* A buf with this limit holds some ten thousand accounts. */
#define DUMP_MAX ((size_t)64 << 20)

struct dump_files {
	const char *features; /* "'pop3','ssl'," */
	const char *ids;
	const char *postmaster, *caller, *fqdn;
};

/* Add it to out. first: all accounts, those of a record side by side. */
void dump_config(struct buf *out, enum dump_form form,
    const struct account *first, const struct options *global,
    const struct dump_files *f);

#endif
