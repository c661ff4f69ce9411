/* delivering_log - what became of a message. Runs in: router. */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "vdeliver/delivering_state.h"

/* Two significant digits, at most limit decimals, as in Postfix's log. */
static const char *delay_text(double v, int64_t limit, char text[32])
{
	int decimals = v >= 10 ? 0 : v >= 1 ? 1 : v >= 0.1 ? 2 : 3;
	char *end;

	if (decimals > limit)
		decimals = (int)limit;
	snprintf(text, 32, "%.*f", decimals, v);
	if (strchr(text, '.') == NULL)
		return text;
	end = text + strlen(text);
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
	return text;
}

/* Seconds of a message's way: Postfix's a/b/c/d. */
struct delays {
	double before, waiting, connecting, sending;
};

static double seconds(int64_t ms)
{
	return ms > 0 ? (double)ms / 1000 : 0;
}

static struct delays delays_of(const struct delivery *d, const struct route *r)
{
	struct delays t = { .before = seconds(d->received_ms - d->m.start_ms) };
	int64_t now = clock_ms();

	if (r->relay && d->relay != NULL) {
		t.waiting = seconds(d->relay->began - d->received_ms);
		t.connecting = seconds(d->relay->connect_ms);
		t.sending =
		    seconds(d->relay->ended - d->relay->began) - t.connecting;
	} else {
		t.sending = seconds(now - d->received_ms);
	}
	if (t.sending < 0)
		t.sending = 0;
	return t;
}

static const char *status_text(const struct route *r)
{
	if (r->st != ST_OK || r->relay)
		return r->err.text;
	return target_is_mbox(r->path) ? "delivered to mailbox"
				       : "delivered to maildir";
}

static void add_delays(const struct delivery *d, const struct route *r,
    struct buf *line)
{
	struct delays t = delays_of(d, r);
	double all[] = { t.before + t.waiting + t.connecting + t.sending,
		t.before, t.waiting, t.connecting, t.sending };
	static const char *const before[] = { "delay=", ", delays=", "/", "/",
		"/" };
	int64_t limit = d->ways->set->delay_logging_resolution_limit;
	char text[32];
	size_t i;

	for (i = 0; i < NELEM(all); i++)
		buf_addf(line, "%s%s", before[i],
		    delay_text(all[i], limit, text));
}

void delivering_log_status(const struct delivery *d, const struct route *r)
{
	AUTO_BUF tag = BUF_MAX(200);
	AUTO_BUF orig = BUF_MAX(2000);
	AUTO_BUF delays = BUF_MAX(200);
	const char *place = d->relay != NULL ? d->relay->place : "none";

	buf_addf(&tag, "%s/%s", d->ways->set->syslog_name,
	    r->relay ? "smtp" : "virtual");
	if (r->given.n != 0 && !str_ieq(r->given, r->final))
		buf_addf(&orig, " orig_to=<%.*s>,", STR_ARG(r->given));
	add_delays(d, r, &delays);
	log_as(buf_c(&tag), LOG_INFORM,
	    "%.*s: to=<%.*s>,%s relay=%s, %s, dsn=%s, status=%s (%s)",
	    STR_ARG(d->m.qid), STR_ARG(r->final), buf_c(&orig),
	    r->relay ? place : "virtual", buf_c(&delays),
	    r->st == ST_OK && !r->relay ? "2.0.0" : r->err.dsn,
	    r->st == ST_OK         ? "sent"
		: r->st == ST_PERM ? "bounced"
				   : "deferred",
	    status_text(r));
}

void delivering_log(const struct delivery *d, const char *fmt, ...)
{
	char tag[200], line[1000];
	va_list ap;

	snprintf(tag, sizeof(tag), "%s/qmgr", d->ways->set->syslog_name);
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_as(tag, LOG_INFORM, "%.*s: %s", STR_ARG(d->m.qid), line);
}
