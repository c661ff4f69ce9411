/*
 * address_field - the addresses of a header field, made complete: "joe" gets a
 * domain, "a!b" is "b@a", routes are gone. What Postfix' cleanup(8) does to mail
 * of its own host; a field that is right as it stands is not touched.
 */
#ifndef COMMON_MAIL_ADDRESS_FIELD_H
#define COMMON_MAIL_ADDRESS_FIELD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"
#include "mail/address.h"

/* From, To, Cc and the like: fields that hold addresses and nothing else. */
bool address_field_known(struct str name) MUST_CHECK;

/*
 * value: what follows "NAME:", folded as it came, without its last newline.
 * True when an address in it changes: out has the new value, a blank first,
 * folded behind commas where lines would be long; comments stand behind their
 * address then. False: leave the field alone; also when it does not fit.
 */
bool address_field_rewrite(const struct address_rules *rules, struct str name,
    struct str value, struct buf *out) MUST_CHECK;

#endif
