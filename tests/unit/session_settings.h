/*
 * session_settings - what a session is tested and fuzzed with: small limits, so
 * that short dialogues reach them.
 */
#ifndef TESTS_UNIT_SESSION_SETTINGS_H
#define TESTS_UNIT_SESSION_SETTINGS_H

#include "vdeliver/settings.h"

static const struct settings session_settings = {
	.myhostname = "mx.test",
	.mydomain = "test",
	.myorigin = "org.test",
	.mail_name = "Postfix",
	.smtpd_banner = "mx.test ESMTP Postfix",
	.syslog_name = "postfix",
	.append_at_myorigin = true,
	.swap_bangpath = true,
	.allow_percent_hack = true,
	.smtputf8_enable = true,
	.message_size_limit = 1000,
	.smtpd_recipient_limit = 3,
	.smtpd_recipient_overshoot_limit = 1000,
	.smtpd_hard_error_limit = 20,
	.smtpd_soft_error_limit = 10,
	.smtpd_error_sleep_time = 1,
	.smtpd_junk_command_limit = 100,
	.line_length_limit = 512,
	.hopcount_limit = 5,
	.smtpd_forbid_bare_newline = "normalize",
	.smtpd_forbid_bare_newline_reject_code = 550,
	.smtpd_forbid_unauth_pipelining = "yes",
	.cleanup_replace_stray_cr_lf = true,
	.message_drop_headers = "bcc",
	.message_strip_characters = "",
	.message_reject_characters = "",
	.undisclosed_recipients_header = "",
	.smtpd_discard_ehlo_keywords = "",
	.vdeliver_inline_size = 100,
};

#endif
