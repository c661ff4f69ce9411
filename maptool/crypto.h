/*
 * crypto - the two things that maptool needs of OpenSSL: a digest, and what
 * postconf -T tells. The library is loaded when one is asked for, as making it
 * ready takes a third of the time of a small postmap.
 */
#ifndef MAPTOOL_CRYPTO_H
#define MAPTOOL_CRYPTO_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"

/* Of SHA-256 in hexadecimal digits, with its NUL. */
#define CRYPTO_SHA256 65

/* What is left to read of fd. ST_TEMP: it cannot be read, or no library. */
enum st crypto_sha256(int fd, char hex[CRYPTO_SHA256], struct err *e)
    MUST_CHECK;

/* "OpenSSL 3.0.17 1 Jul 2025": of the headers that this was compiled with. */
const char *crypto_compile_version(void);
/* Of the library that is there; borrowed. */
enum st crypto_run_version(const char **text, struct err *e) MUST_CHECK;
/* Does it know keys of this name ("RSA")? */
enum st crypto_knows_key(const char *name, bool *knows, struct err *e)
    MUST_CHECK;

#endif
