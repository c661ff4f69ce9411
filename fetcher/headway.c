/* headway - a line that is overwritten. Runs in: poll child. */

#include "fetcher/headway.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/macros.h"

/* Short fetches have none; and it is no film. */
#define FIRST_MS 2000
#define EACH_MS  500
#define WIDTH    78

static struct {
	struct headway p;
	int64_t begun, shown; /* clock_ms() */
	bool allowed, visible;
} now;

void headway_allow(bool on)
{
	now.allowed = on;
}

void headway_begin(uint64_t messages, uint64_t octets)
{
	now.p = (struct headway){ .messages = messages, .octets = octets };
	now.begun = clock_ms();
	now.shown = now.begun + FIRST_MS - EACH_MS;
}

/* "1.5 MB", in powers of ten. */
static void add_octets(struct buf *out, uint64_t n)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	uint64_t tenths = n * 10;
	size_t i = 0;

	if (n < 1000) {
		buf_addf(out, "%llu B", (unsigned long long)n);
		return;
	}
	while (tenths >= 10000 && i + 1 < NELEM(units)) {
		tenths /= 1000;
		i++;
	}
	buf_addf(out, "%llu.%llu %s", (unsigned long long)(tenths / 10),
	    (unsigned long long)(tenths % 10), units[i]);
}

static void add_left(struct buf *out, const struct headway *p, uint64_t rate)
{
	uint64_t s = p->octets > p->moved ? (p->octets - p->moved) / rate : 0;

	buf_addf(out, ", %llu:%02llu left", (unsigned long long)(s / 60),
	    (unsigned long long)(s % 60));
}

void headway_text(struct buf *out, const struct headway *p)
{
	uint64_t ms = p->elapsed_ms > 0 ? (uint64_t)p->elapsed_ms : 1;
	uint64_t rate = p->moved * 1000 / ms;

	buf_addf(out, "%llu of %llu message%s, ", (unsigned long long)p->done,
	    (unsigned long long)p->messages, p->messages == 1 ? "" : "s");
	add_octets(out, p->moved);
	if (p->octets != 0) {
		buf_addc(out, " of ");
		add_octets(out, p->octets);
	}
	buf_addc(out, ", ");
	add_octets(out, rate);
	buf_addc(out, "/s");
	if (p->octets != 0 && rate != 0)
		add_left(out, p, rate);
}

/* The cursor stays at the line's beginning: who comes next overwrites it. */
static void show(void)
{
	AUTO_BUF text = BUF_MAX(WIDTH);

	headway_text(&text, &now.p);
	fprintf(stderr, "%-*.*s\r", WIDTH, WIDTH, buf_c(&text));
	fflush(stderr);
	now.visible = true;
}

void headway_moved(size_t octets)
{
	int64_t at;

	now.p.moved += octets;
	if (!now.allowed)
		return;
	at = clock_ms();
	if (at - now.shown < EACH_MS)
		return;
	now.shown = at;
	now.p.elapsed_ms = at - now.begun;
	show();
}

void headway_next(void)
{
	now.p.done++;
	if (!now.visible)
		return;
	fprintf(stderr, "%*s\r", WIDTH, "");
	fflush(stderr);
	now.visible = false;
}
