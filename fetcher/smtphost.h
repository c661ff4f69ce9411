/*
 * smtphost - an entry of the option smtphost: "host", "host/port", "/path" of
 * an LMTP socket; after a host also "/starttls" or "/tls", which must succeed
 * then, or "/notls".
 */
#ifndef FETCHER_SMTPHOST_H
#define FETCHER_SMTPHOST_H

#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "mail/smtp_client.h"

enum smtphost_tls {
	SMTPHOST_CLEAR,
	SMTPHOST_STARTTLS,
	SMTPHOST_TLS, /* from the first octet; port 465 unless said */
};

struct smtphost {
	char host[256]; /* or the path */
	char port[32];
	enum smtphost_tls tls;
};

/* ST_TEMP: what is wrong with it. */
enum st smtphost_parse(const char *entry, struct smtphost *h, struct err *e)
    MUST_CHECK;

/*
 * On a conn that is open: TLS now, when the entry wants it from the start. The
 * certificate must be right; sslcertfile and sslcertpath of the account name
 * trust anchors (a may be NULL).
 */
enum st smtphost_begin(struct smtp_client *c, const struct smtphost *h,
    const struct account *a, struct err *e) MUST_CHECK;
/*
 * After EHLO: STARTTLS and EHLO again, when the entry wants it. r is the last
 * reply.
 */
enum st smtphost_upgrade(struct smtp_client *c, const struct smtphost *h,
    const struct account *a, const char *hello, struct err *e) MUST_CHECK;

#endif
