/* test_bounce - notices. */

#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/macros.h"
#include "fetcher/bounce.h"

static const struct {
	const char *reply, *status;
} statuses[] = {
	{ "550 5.1.1 <a@b>: User unknown", "5.1.1" },
	{ "550-5.1.1 first\n550 5.1.1 second", "5.1.1" },
	{ "550 no such user", "5.0.0" },
	{ "550", "5.0.0" },
	{ "", "5.0.0" },
	{ "451 4.7.1 later", "4.7.1" },
	{ "451 later", "4.0.0" },
	{ "552 5.3.4", "5.3.4" },
	{ "554 5.7.1234 x", "5.0.0" },
	{ "554 5.7.123 x", "5.7.123" },
	{ "554 9.1.1 x", "5.0.0" },
	{ "554 5..1 x", "5.0.0" },
	{ "554 55.1.1 x", "5.0.0" },
};

static void test_status(void **state)
{
	char got[10];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(statuses); i++) {
		bounce_status(str_c(statuses[i].reply), got);
		assert_string_equal(got, statuses[i].status);
	}
}

static const struct {
	const char *sender;
	bool allowed;
} senders[] = {
	{ "a@b", true },
	{ "", false },
	{ "MAILER-DAEMON", false },
	{ "mailer-daemon@host.example", false },
	{ "my-mailer-daemon@host.example", true },
	{ "@b", false },
};

static void test_allowed(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(senders); i++)
		assert_int_equal(bounce_allowed(str_c(senders[i].sender)),
		    senders[i].allowed);
}

static const char want[] =
    "Subject: Mail delivery failed: returning message to sender\r\n"
    "From: Mail Delivery System <MAILER-DAEMON@me.example>\r\n"
    "To: s@remote.example\r\n"
    "Date: Thu, 01 Jan 1970 00:16:40 +0000 (UTC)\r\n"
    "Message-ID: <1000.7@me.example>\r\n"
    "Auto-Submitted: auto-replied\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
    "\tboundary=\"=_3e8_7_1\"\r\n"
    "\r\n"
    "--=_3e8_7_1\r\n"
    "Content-Type: text/plain\r\n"
    "\r\n"
    "This is an automatic message of the program that collects mail.\r\n"
    "\r\n"
    "A message of yours could not be delivered to all of its recipients.\r\n"
    "\r\n"
    "Reason: Some addresses were rejected by the MDA fetchmail forwards "
    "to.\r\n"
    "\r\n"
    "The following address(es) failed:\r\n"
    "a@d.example\r\n"
    "   SMTP error: 550-5.1.1 first\r\n"
    "      550 5.1.1 se?cond\r\n"
    "b??c@d.example\r\n"
    "   SMTP error: 550 no\r\n"
    "\r\n"
    "--=_3e8_7_1\r\n"
    "Content-Type: message/delivery-status\r\n"
    "\r\n"
    "Reporting-MTA: dns; me.example\r\n"
    "\r\n"
    "Final-Recipient: rfc822; a@d.example\r\n"
    "Last-Attempt-Date: Thu, 01 Jan 1970 00:16:40 +0000 (UTC)\r\n"
    "Action: failed\r\n"
    "Status: 5.1.1\r\n"
    "Diagnostic-Code: 550-5.1.1 first\r\n"
    " 550 5.1.1 se?cond\r\n"
    "\r\n"
    "Final-Recipient: rfc822; b??c@d.example\r\n"
    "Last-Attempt-Date: Thu, 01 Jan 1970 00:16:40 +0000 (UTC)\r\n"
    "Action: failed\r\n"
    "Status: 5.0.0\r\n"
    "Diagnostic-Code: 550 no\r\n"
    "\r\n"
    "--=_3e8_7_1\r\n"
    "Content-Type: text/rfc822-headers\r\n"
    "\r\n"
    "From: s@remote.example\r\n"
    "Subject: =_3e8_7_0\r\n"
    "\r\n"
    "--=_3e8_7_1--\r\n";

static void test_text(void **state)
{
	const struct bounce_failed failed[] = {
		{ "a@d.example",
		    STR("550-5.1.1 first\n550 5.1.1 se\x1b"
			"cond") },
		{ "b\r\nc@d.example", STR("550 no") },
	};
	const struct bounce b = { .reason = BOUNCE_ADDRESSES,
		.to = "s@remote.example",
		.fqdn = "me.example",
		.failed = failed,
		.failed_n = NELEM(failed),
		.header = STR("From: s@remote.example\r\n"
			      "Subject: =_3e8_7_0\n"),
		.now = 1000,
		.serial = 7 };
	AUTO_BUF got = BUF_MAX(BOUNCE_MAX);

	(void)state;
	setenv("TZ", "UTC", 1);
	bounce_text(&got, &b);
	assert_str(buf_str(&got), want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
