/*
 * num - numbers as people write them, read strictly: the whole text, no blanks,
 * no overflow.
 */
#ifndef COMMON_BASE_NUM_H
#define COMMON_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

/* Decimal digits only; false when not all of s is one, or it exceeds max. */
bool num_u64(struct str s, uint64_t max, uint64_t *v) MUST_CHECK;
/* The same with an optional sign, within min..max. */
bool num_i64(struct str s, int64_t min, int64_t max, int64_t *v) MUST_CHECK;
/* Hexadecimal digits, any case, without 0x. */
bool num_hex(struct str s, uint64_t max, uint64_t *v) MUST_CHECK;

/*
 * Postfix time: digits and one of s m h d w; a bare number takes unit (one of
 * these letters). The result is in seconds.
 */
bool num_time(struct str s, char unit, int64_t *seconds) MUST_CHECK;

#endif
