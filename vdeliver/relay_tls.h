/*
 * relay_tls - the client's side of TLS towards relayhost, made from settings
 * while files can still be read.
 */
#ifndef VDELIVER_RELAY_TLS_H
#define VDELIVER_RELAY_TLS_H

#include "base/err.h"
#include "base/macros.h"
#include "net/conn.h"
#include "vdeliver/settings.h"

struct relay_tls;

/*
 * *tls is NULL when smtp_tls_security_level is none. ST_TEMP: a file cannot be
 * read, or there is nothing to verify certificates with, though the level wants
 * it; named after the parameter.
 */
enum st relay_tls_load(struct relay_tls **tls, const struct settings *set,
    struct err *e) MUST_CHECK;
/* Would that work? The result is thrown away. */
enum st relay_tls_check(const struct settings *set, struct err *e) MUST_CHECK;
/* NULL is fine. */
void relay_tls_free(struct relay_tls *tls);

/*
 * Shake hands; host is the name in relayhost. ST_TEMP (4.7.5): it failed, or
 * the certificate is not what the level wants.
 */
enum st relay_tls_start(const struct relay_tls *tls, struct conn *conn,
    const char *host, struct err *e) MUST_CHECK;

#endif
