/*
 * octets - a set of octets, as message_strip_characters names it: characters,
 * and escapes as in C: \a \b \f \n \r \t \v \\ \ddd (one to three octal
 * digits). postconf(5).
 */
#ifndef VDELIVER_OCTETS_H
#define VDELIVER_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct octets {
	uint32_t bits[8];
	bool any; /* there is one in it */
};

/* ST_TEMP: an escape that is none. */
enum st octets_parse(struct octets *set, struct str text, struct err *e)
    MUST_CHECK;
void octets_drop(struct octets *set, unsigned char octet);
/* How many octets at the start of s are not in the set. */
size_t octets_span(const struct octets *set, struct str s);

#endif
