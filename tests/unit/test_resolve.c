/* test_resolve - RCPT addresses to mailboxes, with scripted tables. */

#include "tests/unit/unit.h"

#include "base/log.h"
#include "vdeliver/access.h"
#include "vdeliver/resolve.h"

static const struct {
	enum question question;
	const char *key;
	enum st st;
	const char *value, *ext;
} tables[] = {
	{ Q_MYDESTINATION, "localhost", ST_OK, "", "" },
	{ Q_MAILBOX_DOMAINS, "example.com", ST_OK, "", "" },
	{ Q_ALIAS_DOMAINS, "alias.example", ST_OK, "", "" },
	{ Q_ALIAS, "info@example.com", ST_OK, "user@example.com", "" },
	{ Q_ALIAS, "info+tag@example.com", ST_OK, "user@example.com", "+tag" },
	{ Q_ALIAS, "team@example.com", ST_OK,
	    "user@example.com, two@example.com", "" },
	{ Q_ALIAS, "self@example.com", ST_OK,
	    "self@example.com user@example.com", "" },
	{ Q_ALIAS, "self+tag@example.com", ST_OK,
	    "self@example.com user@example.com", "+tag" },
	{ Q_MAILBOX, "self+tag@example.com", ST_OK, "/self/", "" },
	{ Q_ALIAS, "ring1@example.com", ST_OK, "ring2@example.com", "" },
	{ Q_ALIAS, "ring2@example.com", ST_OK, "ring1@example.com", "" },
	{ Q_ALIAS, "dead@example.com", ST_OK, "nobody@example.com", "" },
	{ Q_ALIAS, "odd@example.com", ST_OK, ",", "" },
	{ Q_ALIAS, "sick@example.com", ST_TEMP, "", "" },
	{ Q_ALIAS, "out@example.com", ST_OK, "x@outside.example", "" },
	{ Q_ALIAS, "mixed@example.com", ST_OK,
	    "user@example.com, y@outside.example", "" },
	{ Q_MAILBOX, "user@example.com", ST_OK, "user/", "" },
	{ Q_MAILBOX, "user+tag@example.com", ST_OK, "user/", "" },
	{ Q_MAILBOX, "self@example.com", ST_OK, "/self/", "" },
	{ Q_MAILBOX, "two@example.com", ST_OK, "two/", "" },
	{ Q_MAILBOX, "up@example.com", ST_OK, "a/../b/", "" },
	{ Q_MAILBOX, "low@example.com", ST_OK, "low/", "" },
	{ Q_MAILBOX, "root@example.com", ST_OK, "root/", "" },
	{ Q_MAILBOX, "nogid@example.com", ST_OK, "g/", "" },
	{ Q_MAILBOX, "bare@localhost", ST_OK, "bare/", "" },
	{ Q_UID, "two@example.com", ST_OK, "5001", "" },
	{ Q_UID, "low@example.com", ST_OK, "99", "" },
	{ Q_UID, "root@example.com", ST_OK, "4294967296", "" },
	{ Q_GID, "nogid@example.com", ST_OK, "0", "" },
};

static struct settings settings = {
	.myorigin = "example.com",
	.mydomain = "example.com",
	.append_at_myorigin = true,
	.recipient_delimiter = "+",
	.local_transport = "local:mx.test",
	.propagate_unmatched_extensions = "canonical, virtual",
	.receive_override_options = "",
	.relayhost = "",
	.smtpd_relay_restrictions = "permit_mynetworks",
	.inet_interfaces = "all",
	.local_header_rewrite_clients = "",
	.show_user_unknown_table_name = true,
	.virtual_alias_recursion_limit = 10,
	.virtual_alias_expansion_limit = 10,
	.virtual_alias_address_length_limit = 100,
	.unknown_virtual_alias_reject_code = 550,
	.unknown_virtual_mailbox_reject_code = 550,
	.unknown_local_recipient_reject_code = 550,
	.virtual_minimum_uid = 100,
};

static void answer(struct resolve *r)
{
	struct answer a = { .st = ST_NONE, .dsn = "4.3.0", .text = "sick" };
	size_t i;

	/* Everybody is 5000, unless a row says otherwise. */
	if (r->question == Q_UID || r->question == Q_GID) {
		a.st = ST_OK;
		a.value = STR("5000");
	}
	for (i = 0; i < NELEM(tables); i++) {
		if (tables[i].question != r->question ||
		    !str_ieqc(r->key, tables[i].key))
			continue;
		a.st = tables[i].st;
		a.value = str_c(tables[i].value);
		a.ext = str_c(tables[i].ext);
	}
	resolve_answer(r, &a);
}

static const struct {
	const char *rcpt;
	bool trusted;
	const char *want; /* reply code and dsn; mailboxes as PATH:uid, what
			   * goes out as >ADDRESS */
	bool relayhost;
} cases[] = {
	{ "user@example.com", false, "250 2.1.5 user/:5000", false },
	{ "USER@Example.COM", false, "250 2.1.5 user/:5000", false },
	{ "info@example.com", false, "250 2.1.5 user/:5000", false },
	{ "info+tag@example.com", false, "250 2.1.5 user/:5000", false },
	{ "team@example.com", false, "250 2.1.5 user/:5000 two/:5001", false },
	{ "self@example.com", false, "250 2.1.5 self/:5000 user/:5000", false },
	/* With an extension it is of itself as well. */
	{ "self+tag@example.com", false, "250 2.1.5 self/:5000 user/:5000",
	    false },
	{ "ring1@example.com", false, "451 4.6.0", false },
	{ "dead@example.com", false, "550 5.1.1", false },
	{ "nobody@example.com", false, "550 5.1.1", false },
	{ "x@alias.example", false, "550 5.1.1", false },
	{ "x@localhost", false, "550 5.1.1", false },
	{ "odd@example.com", false, "451 4.3.0", false },
	{ "sick@example.com", false, "451 4.3.0", false },
	{ "up@example.com", false, "451 4.3.5", false },
	{ "low@example.com", false, "451 4.3.5", false },
	{ "root@example.com", false, "451 4.3.5", false },
	{ "nogid@example.com", false, "451 4.3.5", false },
	{ "x@outside.example", false, "454 4.7.1", false },
	{ "x@outside.example", true, "451 4.3.5", false },
	/* An alias of ours may point outside, for anybody. */
	{ "out@example.com", false, "451 4.3.5", false },
	{ "out@example.com", false, "250 2.1.5 >x@outside.example", true },
	{ "x@outside.example", true, "250 2.1.5 >x@outside.example", true },
	{ "a b@outside.example", true, "250 2.1.5 >\"a b\"@outside.example",
	    true },
	{ "x@outside.example", false, "454 4.7.1", true },
	{ "mixed@example.com", false, "250 2.1.5 user/:5000 >y@outside.example",
	    true },
};

static void test_cases(void **state)
{
	struct access *access = access_new(&settings);
	size_t i;

	(void)state;
	log_to_stderr(false);
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_ARENA a = { 0 };
		AUTO_BUF got = BUF_MAX(1000);
		const struct final *f;
		struct resolve r;
		int steps = 0;

		settings.relayhost = cases[i].relayhost ? "[r]" : "";
		resolve_init(&r, &settings, access, &a, str_c(cases[i].rcpt));
		r.trusted = cases[i].trusted;
		while (resolve_step(&r) && ++steps < 1000)
			answer(&r);
		buf_addf(&got, "%u %s", r.reply.code, r.reply.dsn);
		for (f = r.finals; r.reply.code == 250 && f != NULL;
		     f = f->next)
			if (f->outside)
				buf_addf(&got, " >%.*s", STR_ARG(f->address));
			else
				buf_addf(&got, " %.*s:%u", STR_ARG(f->path),
				    f->uid);
		if (strcmp(buf_c(&got), cases[i].want) != 0)
			fail_msg("%s: got \"%s\", want \"%s\"", cases[i].rcpt,
			    buf_c(&got), cases[i].want);
	}
	access_free(access);
}

/* Local addresses have mailboxes, and bare users are keys for them. */
static void test_local_transport(void **state)
{
	static const struct {
		const char *transport, *rcpt;
		unsigned code;
		uint32_t flags; /* of the question for the mailbox */
	} locals[] = {
		{ "virtual", "bare@localhost", 250, ASK_LOCAL },
		{ "virtual:x", "bare@localhost", 250, ASK_LOCAL },
		{ "virtually", "bare@localhost", 550, 0 },
		{ "virtual", "none@localhost", 550, ASK_LOCAL },
		/* $myorigin is like a local domain there. */
		{ "local:x", "user@example.com", 250, ASK_LOCAL },
		{ "local:x", "user@mail.example", 454, 0 },
	};
	struct access *access = access_new(&settings);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(locals); i++) {
		AUTO_ARENA a = { 0 };
		struct resolve r;
		uint32_t flags = 0;

		settings.local_transport = locals[i].transport;
		resolve_init(&r, &settings, access, &a, str_c(locals[i].rcpt));
		while (resolve_step(&r)) {
			if (r.question == Q_MAILBOX)
				flags = r.flags;
			if (r.question == Q_UID || r.question == Q_GID)
				assert_int_equal(r.flags, flags);
			answer(&r);
		}
		assert_int_equal(r.reply.code, locals[i].code);
		assert_int_equal(flags, locals[i].flags);
		if (r.reply.code == 550)
			assert_non_null(
			    strstr(r.reply.text, "local recipient table"));
	}
	access_free(access);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_local_transport),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
