/* test_throttle - connections and events by client and time; what a session
 * says when there are too many. */

#include "tests/unit/talk.h"

#include "vdeliver/throttle.h"

static struct throttle *begin_throttle(void)
{
	defaults();
	set.anvil_rate_time_unit = 60;
	set.smtpd_client_connection_count_limit = 2;
	set.smtpd_client_message_rate_limit = 2;
	set.smtpd_client_ipv4_prefix_length = 32;
	set.smtpd_client_ipv6_prefix_length = 84;
	clock_set_for_test(1000000, 1000000);
	return throttle_new(&set);
}

static void test_connections(void **state)
{
	struct throttle *t = begin_throttle();

	(void)state;
	assert_true(throttle_enter(t, "192.0.2.1", false));
	assert_true(throttle_enter(t, "192.0.2.1", false));
	assert_false(throttle_enter(t, "192.0.2.1", false));
	assert_true(throttle_enter(t, "192.0.2.1", true));
	assert_true(throttle_enter(t, "192.0.2.2", false));
	throttle_leave(t, "192.0.2.1");
	assert_false(throttle_enter(t, "192.0.2.1", false));
	throttle_leave(t, "192.0.2.1");
	assert_true(throttle_enter(t, "192.0.2.1", false));
	throttle_free(t);
}

static void test_prefixes(void **state)
{
	struct throttle *t = begin_throttle();

	(void)state;
	assert_true(throttle_enter(t, "2001:db8::1", false));
	assert_true(throttle_enter(t, "2001:db8::fff:ffff:ffff", false));
	assert_false(throttle_enter(t, "2001:db8::2", false));
	assert_true(throttle_enter(t, "2001:db8:0:0:0:1000::", false));
	assert_true(throttle_enter(t, "unknown", false));
	throttle_free(t);
}

static void test_rate(void **state)
{
	struct throttle *t = begin_throttle();

	(void)state;
	assert_int_equal(throttle_event(t, "192.0.2.1", THROTTLE_MAIL), 0);
	assert_int_equal(throttle_event(t, "192.0.2.1", THROTTLE_MAIL), 0);
	assert_int_equal(throttle_event(t, "192.0.2.1", THROTTLE_MAIL), 3);
	assert_int_equal(throttle_event(t, "192.0.2.2", THROTTLE_MAIL), 0);
	/* It has no limit. */
	assert_int_equal(throttle_event(t, "192.0.2.1", THROTTLE_RCPT), 0);
	/* A client that comes again is not forgotten in between. */
	assert_true(throttle_enter(t, "192.0.2.1", false));
	throttle_leave(t, "192.0.2.1");
	clock_set_for_test(1059000, 1000059);
	assert_int_equal(throttle_event(t, "192.0.2.1", THROTTLE_MAIL), 4);
	clock_set_for_test(1061000, 1000061);
	assert_int_equal(throttle_event(t, "192.0.2.1", THROTTLE_MAIL), 0);
	/* The sweep leaves what is in its time unit. */
	clock_set_for_test(1062000, 1000062);
	assert_int_equal(throttle_event(t, "192.0.2.3", THROTTLE_MAIL), 0);
	assert_int_equal(throttle_event(t, "192.0.2.1", THROTTLE_MAIL), 0);
	assert_int_equal(throttle_event(t, "192.0.2.1", THROTTLE_MAIL), 3);
	throttle_free(t);
}

static void test_too_much_mail(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	set.smtpd_client_message_rate_limit = 1;
	greet(&t, SESSION_SMTP);
	say(&t, MAIL RCPT "DATA\r\n");
	say(&t, "X: y\r\n.\r\n");
	expect(&t, MAILOK RCPTOK GO QUEUED);
	over_limit = EVENT_MAIL;
	say(&t, MAIL RCPT);
	expect(&t,
	    "450 4.7.1 Error: too much mail from 192.0.2.1\r\n"
	    "503 5.5.1 Error: need MAIL command\r\n");
	over_limit = -1;
	say(&t, MAIL RCPT);
	expect(&t, MAILOK RCPTOK);
	end(&t);
	assert_non_null(strstr(logged, " mail=2/3 "));
}

static void test_too_many_handshakes(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	set.smtpd_use_tls = true;
	set.smtpd_client_new_tls_session_rate_limit = 1;
	greet(&t, SESSION_SMTP);
	over_limit = EVENT_TLS;
	say(&t, "STARTTLS\r\n");
	expect(&t,
	    "421 4.7.0 mx.test Error: too many new TLS sessions from "
	    "192.0.2.1\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
	assert_non_null(strstr(logged, " starttls=0/1 "));
	defaults();
	set.smtpd_client_new_tls_session_rate_limit = 1;
	client.tls = true;
	over_limit = EVENT_TLS;
	begin(&t, SESSION_SMTP, "");
	expect(&t, "");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_too_much_mail),
		cmocka_unit_test(test_too_many_handshakes),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
