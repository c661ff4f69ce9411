/*
 * front_tls - the fronts' TLS contexts, made of the settings.
 * Runs in: monitor, which reads keys and certificates; fronts inherit them,
 * all other children free them before they do anything.
 */
#ifndef VDELIVER_FRONT_TLS_H
#define VDELIVER_FRONT_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "vdeliver/settings.h"

struct front_tls {
	SSL_CTX *may;  /* where clients may do without */
	SSL_CTX *must; /* security level encrypt, smtps: */
};

/*
 * wanted: some listener speaks TLS from the first byte on. *tls is NULL when
 * neither that nor STARTTLS is wanted. ST_TEMP: files or lists are not usable;
 * *tls is untouched.
 */
enum st front_tls_load(struct front_tls **tls, const struct settings *set,
    bool wanted, struct err *e) MUST_CHECK;
/* NULL is fine. */
void front_tls_free(struct front_tls *tls);

/* The files that are read, one a line: when they change, load anew. */
void front_tls_files(const struct settings *set, struct buf *names);

#endif
