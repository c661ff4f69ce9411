/* clock - now and deadlines. */

#include "base/clock.h"

#include <limits.h>
#include <stdbool.h>

static struct {
	bool on;
	int64_t mono_ms, wall_s;
} frozen;

void clock_set_for_test(int64_t mono_ms, int64_t wall_s)
{
	frozen.on = wall_s >= 0;
	frozen.mono_ms = mono_ms;
	frozen.wall_s = wall_s;
}

int64_t clock_ms(void)
{
	struct timespec t;

	if (frozen.on)
		return frozen.mono_ms;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct timespec clock_wall(void)
{
	struct timespec t;

	if (frozen.on)
		return (struct timespec){ .tv_sec = (time_t)frozen.wall_s };
	clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

time_t clock_seconds(void)
{
	return clock_wall().tv_sec;
}

int64_t clock_deadline(int64_t timeout_ms)
{
	return timeout_ms < 0 ? CLOCK_NEVER : clock_ms() + timeout_ms;
}

int clock_left(int64_t deadline)
{
	int64_t left;

	if (deadline == CLOCK_NEVER)
		return -1;
	left = deadline - clock_ms();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

void clock_add_date(struct buf *b, time_t t)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;
	long off, abs;

	localtime_r(&t, &tm);
	off = tm.tm_gmtoff / 60;
	abs = off < 0 ? -off : off;
	buf_addf(b, "%s, %02d %s %d %02d:%02d:%02d %c%02ld%02ld",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, off < 0 ? '-' : '+', abs / 60,
	    abs % 60);
	if (tm.tm_zone != NULL && tm.tm_zone[0] != '\0')
		buf_addf(b, " (%s)", tm.tm_zone);
}
