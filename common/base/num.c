/* num - strict numbers. */

#include "base/num.h"

static int digit(char c, unsigned base)
{
	int v = -1;

	if (c >= '0' && c <= '9')
		v = c - '0';
	else if (str_lower(c) >= 'a' && str_lower(c) <= 'f')
		v = str_lower(c) - 'a' + 10;
	return v >= 0 && (unsigned)v < base ? v : -1;
}

static bool parse(struct str s, unsigned base, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;
	int d;

	if (s.n == 0)
		return false;
	for (i = 0; i < s.n; i++) {
		d = digit(s.p[i], base);
		if (d < 0 || __builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

bool num_u64(struct str s, uint64_t max, uint64_t *v)
{
	return parse(s, 10, max, v);
}

bool num_hex(struct str s, uint64_t max, uint64_t *v)
{
	return parse(s, 16, max, v);
}

bool num_i64(struct str s, int64_t min, int64_t max, int64_t *v)
{
	bool neg = s.n != 0 && s.p[0] == '-';
	uint64_t u;
	int64_t got;

	if (s.n != 0 && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_skip(s, 1);
	if (!parse(s, 10, neg ? (uint64_t)INT64_MAX + 1 : INT64_MAX, &u))
		return false;
	got = neg ? (int64_t)(0 - u) : (int64_t)u;
	if (got < min || got > max)
		return false;
	*v = got;
	return true;
}

bool num_time(struct str s, char unit, int64_t *seconds)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 } };
	uint64_t v;
	size_t i;

	if (s.n != 0 && digit(s.p[s.n - 1], 10) < 0) {
		unit = s.p[s.n - 1];
		s.n--;
	}
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit != unit)
			continue;
		if (!num_u64(s, INT32_MAX, &v))
			return false;
		*seconds = (int64_t)v * units[i].seconds;
		return *seconds <= INT32_MAX;
	}
	return false;
}
