/*
 * method - which ways to log in are tried, in which order, and where a secret
 * may not go in clear text. What POP3 and IMAP have in common.
 */
#ifndef FETCHER_METHOD_H
#define FETCHER_METHOD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "net/conn.h"
#include "net/sasl.h"

/* The nth mechanism that the account's auth allows, best first; NULL: no
 * more. With any: those that do not show the password. */
const char *method_name(const struct account *a, size_t n);

/* auth names something that is a mechanism: there is nothing else then. */
bool method_is_named(const struct account *a);
/* It wants a token instead of a password. */
bool method_wants_token(const struct account *a);

/*
 * May the secret itself go over this line? In TLS, on loopback, and where the
 * account says that it wants no TLS. ST_TEMP: "..., and the line is not
 * encrypted".
 */
enum st method_check_line(const struct account *a, const char *mech,
    const struct conn *c, struct err *e) MUST_CHECK;

/* Put what the server said of a token into e. */
void method_explain(const struct sasl *s, struct err *e);

#endif
