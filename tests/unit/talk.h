/*
 * talk - a session and what is around it in tests: settings, a router that
 * follows a table, the client's side. For test_session*.c.
 */
#ifndef TESTS_UNIT_TALK_H
#define TESTS_UNIT_TALK_H

#include "map/map.h"
#include "map/match_list.h"
#include "tests/unit/session_settings.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "mail/address.h"
#include "vdeliver/session.h"

static struct settings set;
static struct spool_budget budget;
static struct session_client client;
static char logged[20000];

/* What the router says to a local part, and the workers to a message. */
static const struct {
	const char *local;
	struct session_reply reply;
} users[] = {
	{ "no", { 550, "5.1.1", "<no>: User unknown" } },
	{ "later", { 451, "4.3.0", "<later>: Temporary lookup failure" } },
	{ "dead", { 421, "4.3.0", "mx.test Server local error" } },
};
static struct session_reply outcome;
static int over_limit; /* the enum session_event that is; or -1 */

/* A dialogue: out is what the client saw, stored what was delivered. */
struct talk {
	struct session *s;
	struct session_env *env;
	struct buf out, stored;
	unsigned commits, waits;
	uint64_t txn;
};

static void sink(enum log_level level, const char *tag, const char *line,
    void *arg)
{
	size_t n = strlen(logged);

	(void)level;
	(void)tag;
	(void)arg;
	snprintf(logged + n, sizeof(logged) - n, "%s\n", line);
}

static void defaults(void)
{
	static struct match_list *foreign;

	if (foreign == NULL)
		foreign = match_list_open("smtpd_forbidden_commands",
		    STR("GET POST !eat regexp:{{/^[^A-Z]|^eat/ Bogus}}"),
		    MATCH_DOMAIN, MAP_FOLD);
	set = session_settings;
	set.foreign = foreign;
	budget = (struct spool_budget){ 0, 100000 };
	client =
	    (struct session_client){ .name = "peer.test", .addr = "192.0.2.1" };
	outcome = (struct session_reply){ 250, "2.0.0", "whatever" };
	logged[0] = '\0';
	over_limit = -1;
}

static struct session_reply ask_router(const struct session_rcpt *r)
{
	struct str local = address_local(r->address);
	size_t i;

	for (i = 0; i < NELEM(users); i++)
		if (str_eqc(local, users[i].local))
			return users[i].reply;
	return (struct session_reply){ 250, "2.1.5", "Ok" };
}

static void deliver(struct talk *t)
{
	const struct session_mail *m = &t->s->mail;
	size_t i;

	t->commits++;
	buf_addf(&t->stored, "[%.*s>", STR_ARG(m->sender));
	for (i = 0; i < m->n_rcpts; i++)
		buf_addf(&t->stored, "%.*s,", STR_ARG(m->rcpts[i].address));
	buf_addf(&t->stored, " %llu]", (unsigned long long)m->received);
	session_resume_commit(t->s, &outcome, 1);
}

/* Grant wishes until the session wants bytes. */
static void serve(struct talk *t)
{
	for (;;) {
		buf_add(&t->out, buf_str(&t->s->out));
		buf_reset(&t->s->out);
		if (t->s->delay_ms != 0) {
			t->waits++;
			session_waited(t->s);
		} else if (t->s->wish == WISH_RCPT) {
			struct session_reply r = ask_router(&t->s->rcpt);

			session_resume_rcpt(t->s, &r);
		} else if (t->s->wish == WISH_EVENT) {
			session_resume_event(t->s,
			    (int)t->s->event == over_limit);
		} else if (t->s->wish == WISH_XCLIENT) {
			struct session_client c = {
				.name = t->s->claim.name,
				.addr = t->s->claim.addr,
				.xclient_ok = client.xclient_ok,
			};

			session_resume_xclient(t->s, &c, NULL);
		} else if (t->s->wish == WISH_COMMIT) {
			deliver(t);
		} else {
			return;
		}
	}
}

static void begin(struct talk *t, enum session_proto proto, const char *early)
{
	*t = (struct talk){ .out = BUF_MAX(1 << 20),
		.stored = BUF_MAX(1 << 20) };
	t->env = session_env_new(&set, &budget);
	t->s = session_new(t->env, &client, proto);
	session_start(t->s, str_c(early));
	serve(t);
}

/* All of text has arrived; the session may see at most piece of it. */
static void arrive(struct talk *t, struct str text, size_t piece)
{
	while (text.n != 0 && t->s->wish != WISH_CLOSE) {
		struct str some = str_head(text, piece);

		while (some.n != 0 && t->s->wish != WISH_CLOSE) {
			size_t n = session_input(t->s, some);

			text = str_skip(text, n);
			some = str_skip(some, n);
			serve(t);
		}
	}
}

static void say(struct talk *t, const char *text)
{
	arrive(t, str_c(text), SIZE_MAX);
}

static void end(struct talk *t)
{
	session_free(t->s);
	session_env_free(t->env);
	buf_clear(&t->out);
	buf_clear(&t->stored);
	assert_int_equal(budget.used, 0);
}

/* What was said since the last look. */
static void expect(struct talk *t, const char *want)
{
	char *got = buf_take(&t->out), *p = got;

	/* Queue ids differ from run to run. */
	while ((p = strstr(p, "queued as ")) != NULL) {
		p += strlen("queued as ");
		memmove(p + 1, p + 12, strlen(p + 12) + 1);
		*p = 'Q';
	}
	assert_string_equal(got, want);
	free(got);
}

#define HELO_OK "250 mx.test\r\n"
#define EHLO_OK                                                          \
	"250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-VRFY\r\n" \
	"250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n"         \
	"250-SMTPUTF8\r\n250 CHUNKING\r\n"
#define OK      "250 2.0.0 Ok\r\n"
#define MAILOK  "250 2.1.0 Ok\r\n"
#define RCPTOK  "250 2.1.5 Ok\r\n"
#define GO      "354 End data with <CR><LF>.<CR><LF>\r\n"
#define QUEUED  "250 2.0.0 Ok: queued as Q\r\n"
#define UNKNOWN "500 5.5.2 Error: command not recognized\r\n"
#define MAIL    "MAIL FROM:<s@x.test>\r\n"
#define RCPT    "RCPT TO:<r@x.test>\r\n"

static void greet(struct talk *t, enum session_proto proto)
{
	begin(t, proto, "");
	say(t, proto == SESSION_LMTP ? "LHLO c.test\r\n" : "EHLO c.test\r\n");
	buf_reset(&t->out);
}

static int setup(void **state)
{
	(void)state;
	log_to_stderr(false);
	log_to_sink(sink, NULL);
	return 0;
}

#endif
