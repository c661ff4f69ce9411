/*
 * clock - what time it is, and when to give up.
 *
 * Deadlines are points on the monotonic clock in milliseconds. Tests set both
 * clocks by clock_set_for_test().
 */
#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/buf.h"

/* Never: a deadline that does not come. */
#define CLOCK_NEVER INT64_MAX

/* Milliseconds since some point in the past; does not jump. */
int64_t clock_ms(void);
/* Wall clock, seconds and microseconds since 1970. */
struct timespec clock_wall(void);
time_t clock_seconds(void);

/* The deadline that lies timeout_ms from now; negative means never. */
int64_t clock_deadline(int64_t timeout_ms);
/* Milliseconds left, >= 0, for poll(2): -1 for never, at most INT_MAX. */
int clock_left(int64_t deadline);

/*
 * Add an RFC 5322 date in local time, "Tue, 24 Nov 2026 03:04:45 +0000 (UTC)",
 * to b; the day has two digits (RFC 5322 3.3 allows one; Postfix 3.9 on).
 */
void clock_add_date(struct buf *b, time_t t);

/* Freeze both clocks (tests only); wall_s < 0 sets them free again. */
void clock_set_for_test(int64_t mono_ms, int64_t wall_s);

#endif
