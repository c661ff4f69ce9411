/* tidings - what is due, and its mail. Runs in: parent, and a child per mail. */

#include "fetcher/tidings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "fetcher/account.h"
#include "fetcher/daemon.h"
#include "fetcher/host.h"
#include "fetcher/report.h"
#include "fetcher/route.h"
#include "fetcher/sink.h"

#define TEXT_MAX 65536
/* Whoever sends a mail is ended after so many seconds. */
#define SEND_SECONDS 900
/* Login failures in a row before a mail: where none has worked yet, and
 * where it did. */
#define FAILURES        3
#define FAILURES_BEFORE 10

/* --- what is due ---------------------------------------------------------- */

static bool number(const char *word, uint64_t *n)
{
	return num_u64(str_c(word), 1000000, n) && *n > 0;
}

enum st tidings_check(const struct options *global, struct err *e)
{
	const char *word = opt_text(global, OPT_AUTHFAILMAIL);
	uint64_t n;

	if (word == NULL || strcmp(word, "never") == 0 || number(word, &n))
		return ST_OK;
	return err_temp(e, "",
	    "authfail-mail %s: say never, or a number of failures", word);
}

/* After how many failures, 0 for never. */
static uint64_t failures_wanted(const struct account *a)
{
	const char *word = opt_text(a->global, OPT_AUTHFAILMAIL);
	uint64_t n = 0;

	if (word == NULL)
		return a->logged_in ? FAILURES_BEFORE : FAILURES;
	return number(word, &n) ? n : 0;
}

static unsigned learn_login(struct account *a, enum status st)
{
	bool told = a->auth_told;

	if (st == PS_AUTHFAIL) {
		a->auth_failures++;
		if (a->auth_failures != failures_wanted(a))
			return TIDINGS_NONE;
		a->auth_told = true;
		return TIDINGS_AUTH;
	}
	/* With these nobody has asked for a password. */
	if (st == PS_SOCKET || st == PS_DNS || st == PS_SYNTAX ||
	    st == PS_UNDEFINED)
		return TIDINGS_NONE;
	a->auth_failures = 0;
	a->logged_in = true;
	a->auth_told = false;
	return told ? TIDINGS_BACK : TIDINGS_NONE;
}

static unsigned learn_timeout(struct account *a, bool timed_out)
{
	a->timeouts = timed_out ? a->timeouts + 1 : 0;
	if (a->timeouts < TIDINGS_TIMEOUTS)
		return TIDINGS_NONE;
	a->rests = true;
	a->timeouts = 0;
	return TIDINGS_REST;
}

static unsigned learn_large(struct account *a, size_t n, int64_t now)
{
	int64_t every = opt_num(&a->o, OPT_WARNINGS);

	if (n == 0 || (a->warned && now - a->warned_at < every))
		return TIDINGS_NONE;
	a->warned = true;
	a->warned_at = now;
	return TIDINGS_LARGE;
}

unsigned tidings_learn(struct account *a, const struct tidings_poll *p,
    int64_t now)
{
	return learn_login(a, p->st) | learn_timeout(a, p->timed_out) |
	    learn_large(a, p->large_n, now);
}

void tidings_wake(struct account *first)
{
	for (; first != NULL; first = first->next)
		first->rests = false;
}

/* --- the mail ------------------------------------------------------------- */

static const char *recipient(const struct account *a)
{
	const struct option_item *i = opt_list(&a->o, OPT_IS);

	if (route_is_multidrop(a))
		return host_postmaster(a);
	return i != NULL ? i->text : calling_user();
}

static void add_large(struct buf *out, const struct account *a,
    const struct tidings_poll *p)
{
	size_t i;

	buf_addf(out,
	    "These messages are larger than the limit of %lld octets:\r\n\r\n",
	    (long long)opt_num(&a->o, OPT_LIMIT));
	for (i = 0; i < p->large_n; i++)
		buf_addf(out, "  %llu octets, %s\r\n",
		    (unsigned long long)p->large[i],
		    opt_flag(&a->o, OPT_LIMITFLUSH) ? "deleted"
						    : "left on the server");
	buf_addc(out, "\r\nA larger limit, or none (0), has them fetched.\r\n");
}

static void add_words(struct buf *out, const struct account *a,
    enum tidings what, const struct tidings_poll *p)
{
	switch (what) {
	case TIDINGS_LARGE:
		add_large(out, a, p);
		return;
	case TIDINGS_AUTH:
		buf_addf(out,
		    "The server has refused the login %llu times in a "
		    "row.\r\nNo mail is fetched until it works; it is tried "
		    "on. Is the password still right?\r\n",
		    (unsigned long long)a->auth_failures);
		return;
	case TIDINGS_REST:
		buf_addf(out,
		    "The server was silent for too long %d times in a row."
		    "\r\nIt is left alone until fetcher is awakened (run it "
		    "again, or send SIGUSR1)\r\nor started anew.\r\n",
		    TIDINGS_TIMEOUTS);
		return;
	case TIDINGS_BACK:
		buf_addc(out,
		    "The server takes the login again, and mail is fetched."
		    "\r\n");
		return;
	case TIDINGS_NONE:
		break;
	}
}

static const char *subject(enum tidings what)
{
	switch (what) {
	case TIDINGS_LARGE:
		return "messages too large";
	case TIDINGS_AUTH:
		return "login failed";
	case TIDINGS_BACK:
		return "login works again";
	case TIDINGS_REST:
	case TIDINGS_NONE:
		break;
	}
	return "server does not answer";
}

void tidings_text(struct buf *out, const struct account *a, enum tidings what,
    const struct tidings_poll *p, time_t now)
{
	buf_addf(out,
	    "From: FETCHMAIL-DAEMON@%s\r\nTo: %s\r\n"
	    "Subject: %s: %s, %s at %s\r\nDate: ",
	    host_fqdn(), recipient(a), report_prog(), subject(what), a->user,
	    a->label);
	clock_add_date(out, now);
	buf_addf(out,
	    "\r\nMessage-ID: <%lld.%ld.%u.tidings@%s>\r\n"
	    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n\r\n",
	    (long long)now, (long)getpid(), (unsigned)what, host_fqdn());
	buf_addf(out, "Account: %s at %s (%s)\r\n\r\n", a->user, a->label,
	    a->host);
	add_words(out, a, what, p);
}

/* --- sending -------------------------------------------------------------- */

static enum fate hand(struct sink *s, const char *to, const struct buf *text)
{
	char sender[SINK_ADDRESS];
	struct sink_mail m = { .sender = sender,
		.rcpt = &to,
		.rcpt_n = 1,
		.size = text->n,
		.header = STR_NONE };
	enum fate fate;

	snprintf(sender, sizeof(sender), "FETCHMAIL-DAEMON@%s", host_fqdn());
	fate = sink_begin(s, &m);
	if (fate == FATE_TAKEN)
		fate = sink_text(s, buf_str(text));
	return fate == FATE_TAKEN ? sink_end(s) : fate;
}

static void NORETURN send_mail(const struct account *a, const struct buf *text)
{
	const char *to = recipient(a);
	struct sink *s;
	enum fate fate;

	daemon_signals_reset();
	alarm(SEND_SECONDS);
	s = sink_new(a, host_fqdn());
	fate = hand(s, to, text);
	if (fate != FATE_TAKEN)
		report_error("the mail about %s at %s could not be sent",
		    a->user, a->label);
	sink_free(s);
	exit(fate == FATE_TAKEN ? 0 : 1);
}

static void tell(const struct account *a, enum tidings what,
    const struct tidings_poll *p)
{
	AUTO_BUF text = BUF_MAX(TEXT_MAX);

	if (recipient(a)[0] == '\0')
		return;
	tidings_text(&text, a, what, p, clock_seconds());
	switch (fork()) {
	case 0:
		send_mail(a, &text);
	case -1:
		report_error("no process to send a mail: %m");
		break;
	default:
		break;
	}
}

void tidings_after(struct account *a, const struct tidings_poll *p)
{
	static const enum tidings all[] = { TIDINGS_AUTH, TIDINGS_BACK,
		TIDINGS_LARGE, TIDINGS_REST };
	unsigned due = tidings_learn(a, p, clock_ms() / 1000);
	size_t i;

	if ((due & TIDINGS_REST) != 0)
		report_error("%s at %s was silent %d times in a row; it rests "
			     "until we are awakened",
		    a->user, a->label, TIDINGS_TIMEOUTS);
	for (i = 0; i < NELEM(all); i++)
		if ((due & all[i]) != 0)
			tell(a, all[i], p);
}

void tidings_reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
}
