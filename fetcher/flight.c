/* flight - lines that wait for their fate. Runs in: poll child. */

#include "fetcher/flight.h"

#include "fetcher/report.h"

bool flight_is_full(const struct flights *f)
{
	return f->n == FLIGHTS;
}

struct flight *flight_new(struct flights *f, struct poll *q, uint64_t n)
{
	struct flight *one = &f->ring[(f->first + f->n++) % FLIGHTS];
	struct buf line = one->line;

	line.max = REPORT_LINE_MAX + 64;
	buf_reset(&line);
	*one = (struct flight){ .q = q, .n = n, .line = line };
	return one;
}

void flight_wait(struct flights *f, struct flight *one)
{
	report_take(&one->line);
	one->pending = true;
	f->pending++;
}

size_t flight_ticket(const struct flights *f, const struct flight *one)
{
	return (size_t)(one - f->ring);
}

struct flight *flight_of(struct flights *f, size_t ticket)
{
	struct flight *one = &f->ring[ticket];

	f->pending -= one->pending;
	return one;
}

static struct flight *head(struct flights *f)
{
	return &f->ring[f->first];
}

static void pop(struct flights *f)
{
	f->first = (f->first + 1) % FLIGHTS;
	f->n--;
}

void flight_done(struct flights *f, struct flight *one, const char *end)
{
	if (one == head(f) && !one->pending) {
		report_done("%s", end);
		pop(f);
	} else {
		if (!one->pending)
			report_take(&one->line);
		buf_addc(&one->line, end);
		one->pending = false;
		one->done = true;
	}
	for (; f->n != 0 && head(f)->done; pop(f))
		report_info("%s", buf_c(&head(f)->line));
}

void flight_clear(struct flights *f)
{
	size_t i;

	for (i = 0; i < FLIGHTS; i++)
		buf_clear(&f->ring[i].line);
	f->n = f->pending = 0;
}
