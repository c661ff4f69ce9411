/*
 * relay_sasl - as whom we log in at relayhost, and by which mechanisms.
 *
 * Passwords are looked up where tables are open, in a lookup process; they go
 * with the addresses of relayhost (relayhost.h) to the relay process, and never
 * into a log line or a reply.
 */
#ifndef VDELIVER_RELAY_SASL_H
#define VDELIVER_RELAY_SASL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "mail/smtp_client.h"
#include "map/maps.h"
#include "vdeliver/settings.h"

/* Octets of "user:password". */
#define RELAY_LOGIN_MAX 700

/* Are the smtp_sasl_* parameters such that we can do what they say? */
enum st relay_sasl_check(const struct settings *set, struct err *e) MUST_CHECK;

/*
 * The login of a server, "user:password", by its name, then by the destination
 * as relayhost has it. ST_NONE: there is none. ST_TEMP: the table cannot be
 * asked, or its answer is too long.
 */
enum st relay_sasl_find(struct maps *passwords, struct str host,
    struct str destination, struct buf *login, struct err *e) MUST_CHECK;

/* The login from base64, as relayhost_places() writes it. */
bool relay_sasl_parse(struct str text, char login[RELAY_LOGIN_MAX + 1]);

/*
 * Log in at a server that offers AUTH, by the best mechanism that the settings
 * allow on such a connection. ST_NONE: there is none, and nothing was sent;
 * else as smtp_auth().
 */
enum st relay_sasl_log_in(const struct settings *set, struct smtp_client *c,
    const char *login, struct smtp_reply *r, struct err *e) MUST_CHECK;

#endif
