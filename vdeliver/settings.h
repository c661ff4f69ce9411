/*
 * settings - the parameters that vdeliver uses, read and checked once at start
 * (monitor, before any fork); every process has the same copy, nobody re-reads.
 */
#ifndef VDELIVER_SETTINGS_H
#define VDELIVER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"
#include "conf/conf.h"
#include "vdeliver/choice.h"

struct match_list;

struct settings {
	struct conf *conf; /* for names that have no field */
	const char *config_directory;

	/* identity */
	const char *myhostname, *mydomain, *myorigin, *mail_name, *smtpd_banner;
	const char *syslog_name, *syslog_facility, *maillog_file;
	const char *maillog_file_prefixes;

	/* addresses */
	const char *mydestination, *recipient_delimiter, *local_transport;
	const char *virtual_alias_maps, *virtual_alias_domains;
	const char *virtual_mailbox_domains, *virtual_mailbox_maps;
	const char *propagate_unmatched_extensions;
	const char *receive_override_options, *inet_interfaces;
	bool append_at_myorigin, append_dot_mydomain, swap_bangpath;
	bool allow_percent_hack, allow_untrusted_routing;
	bool strict_rfc821_envelopes, smtputf8_enable;
	bool enable_original_recipient, show_user_unknown_table_name;
	bool soft_bounce;
	int64_t virtual_alias_recursion_limit, virtual_alias_expansion_limit;
	int64_t virtual_alias_address_length_limit;
	int64_t unknown_virtual_alias_reject_code;
	int64_t unknown_virtual_mailbox_reject_code;
	int64_t unknown_local_recipient_reject_code;

	/* trust */
	const char *mynetworks, *local_header_rewrite_clients;
	const char *rewrite_tables; /* those of the list before */
	struct match_list *foreign; /* smtpd_forbidden_commands */
	const char *smtpd_relay_restrictions;

	/* relayhost, and how to talk to it; times in seconds */
	const char *relayhost, *inet_protocols, *smtp_helo_name;
	int64_t smtp_connect_timeout, smtp_helo_timeout, smtp_mail_timeout;
	int64_t smtp_rcpt_timeout, smtp_data_init_timeout;
	int64_t smtp_data_xfer_timeout, smtp_data_done_timeout;
	int64_t smtp_starttls_timeout, smtp_line_length_limit;
	const char *smtp_tls_security_level, *smtp_tls_CAfile;
	const char *smtp_tls_CApath, *smtp_tls_cert_file, *smtp_tls_key_file;
	const char *smtp_tls_protocols, *smtp_tls_mandatory_protocols;
	const char *smtp_tls_verify_cert_match, *smtp_tls_secure_cert_match;
	bool smtp_use_tls, smtp_enforce_tls, smtp_tls_enforce_peername;
	bool smtp_tls_wrappermode, tls_append_default_CA;
	bool smtp_sasl_auth_enable;
	const char *smtp_sasl_type, *smtp_sasl_password_maps;
	const char *smtp_sasl_security_options, *smtp_sasl_mechanism_filter;
	const char *smtp_sasl_tls_security_options;
	const char *smtp_sasl_tls_verified_security_options;
	enum relay_level {
		RELAY_TLS_NONE,
		RELAY_TLS_MAY,
		RELAY_TLS_ENCRYPT,
		RELAY_TLS_VERIFY,
		RELAY_TLS_SECURE,
	} relay_level; /* what smtp_tls_security_level and the rest mean */

	/* mailboxes */
	const char *virtual_mailbox_base, *virtual_uid_maps, *virtual_gid_maps;
	int64_t virtual_minimum_uid, virtual_mailbox_limit, message_size_limit;
	const char *virtual_mailbox_lock;
	unsigned mailbox_locks; /* the same as a set of enum mbox_lock */
	int64_t deliver_lock_attempts, deliver_lock_delay, stale_lock_time;
	bool strict_mailbox_ownership;

	/* the server; times in seconds */
	const char *vdeliver_listen, *smtpd_discard_ehlo_keywords;
	const char *message_drop_headers, *smtpd_forbidden_commands;
	const char *message_strip_characters, *message_reject_characters;
	const char *undisclosed_recipients_header, *maillog_file_permissions;
	bool strict_7bit_headers;
	bool strict_8bitmime, strict_8bitmime_body;
	const char *smtpd_forbid_bare_newline;
	const char *smtpd_forbid_unauth_pipelining;
	int64_t smtpd_timeout, smtpd_recipient_limit, smtpd_hard_error_limit;
	int64_t smtpd_recipient_overshoot_limit;
	int64_t smtpd_soft_error_limit, smtpd_error_sleep_time;
	int64_t smtpd_junk_command_limit, smtpd_client_connection_count_limit;
	int64_t default_process_limit, line_length_limit, hopcount_limit;
	int64_t smtpd_forbid_bare_newline_reject_code;
	bool smtpd_helo_required, disable_vrfy_command, smtpd_peername_lookup;
	bool always_add_missing_headers, cleanup_replace_stray_cr_lf;

	/* lists of clients */
	const char *smtpd_authorized_xclient_hosts;
	const char *smtpd_authorized_xforward_hosts;
	const char *smtpd_forbid_bare_newline_exclusions;
	const char *smtpd_client_event_limit_exceptions;

	int64_t smtpd_client_connection_rate_limit, anvil_rate_time_unit;
	int64_t smtpd_client_message_rate_limit;
	int64_t smtpd_client_recipient_rate_limit;
	int64_t smtpd_client_new_tls_session_rate_limit;
	int64_t smtpd_client_ipv4_prefix_length;
	int64_t smtpd_client_ipv6_prefix_length;

	/* its TLS; use and enforce are what the level says */
	const char *smtpd_tls_security_level, *smtpd_tls_chain_files;
	const char *smtpd_tls_cert_file, *smtpd_tls_key_file;
	const char *smtpd_tls_eccert_file, *smtpd_tls_eckey_file;
	const char *smtpd_tls_dcert_file, *smtpd_tls_dkey_file;
	const char *smtpd_tls_CAfile, *smtpd_tls_CApath;
	const char *smtpd_tls_protocols, *smtpd_tls_mandatory_protocols;
	const char *smtpd_tls_ciphers, *smtpd_tls_mandatory_ciphers;
	const char *smtpd_tls_exclude_ciphers;
	const char *smtpd_tls_mandatory_exclude_ciphers;
	const char *tls_high_cipherlist, *tls_medium_cipherlist;
	const char *tls_low_cipherlist, *tls_export_cipherlist;
	const char *tls_null_cipherlist;
	int64_t smtpd_tls_loglevel, smtpd_starttls_timeout;
	bool smtpd_use_tls, smtpd_enforce_tls, smtpd_tls_received_header;
	bool smtpd_tls_req_ccert, tls_preempt_cipherlist;

	/* our own processes */
	const char *vdeliver_sync;
	enum choice_rule sync_choice; /* the same */
	const char *vdeliver_user, *mail_owner, *vdeliver_chroot_directory;
	const char *vdeliver_run_directory, *queue_directory;
	const char *default_database_type;
	int64_t vdeliver_worker_limit, vdeliver_front_count;
	int64_t vdeliver_lookup_count, vdeliver_lookup_timeout;
	int64_t vdeliver_worker_timeout, vdeliver_memory_limit;
	int64_t vdeliver_relay_limit, vdeliver_relay_timeout;
	int64_t vdeliver_inline_size;
	bool vdeliver_maildir_size;
	bool vdeliver_check_room, vdeliver_confine, vdeliver_overquota_defer;
	int64_t delay_logging_resolution_limit;
};

/*
 * Read DIR/main.cf, fill s and check everything vdeliver uses. Warnings for
 * what is set and not supported go to the log, one line a parameter.
 * ST_TEMP: Postfix's fatal text; s must be cleared all the same.
 */
enum st settings_load(struct settings *s, const char *dir, struct err *e)
    MUST_CHECK;
/*
 * Only what control.h needs, also when the rest of main.cf is wrong: a running
 * vdeliver can be stopped whatever its files look like by now.
 */
void settings_for_control(struct settings *s, const char *dir);
/* Labels of letters, digits, '-' and '_', none empty. */
bool settings_is_hostname(const char *name);
/* Call fn for each parameter that c sets and vdeliver does not support. */
void settings_unsupported(struct conf *c,
    void (*fn)(const char *param, const char *instead, void *arg), void *arg);
/* Does vdeliver use this parameter of main.cf? */
bool settings_uses(const char *name);
/* NULL is fine. */
void settings_clear(struct settings *s);

#endif
