/*
 * settings - every parameter that vdeliver uses, read from rows and checked.
 * Runs in: monitor (before any fork).
 */

#include "vdeliver/settings.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/os.h"
#include "mail/mbox_lock.h"
#include "map/redirect.h"
#include "priv/sandbox.h"
#include "vdeliver/cleanup.h"
#include "vdeliver/logger.h"
#include "vdeliver/permission.h"
#include "vdeliver/relay_settings.h"
#include "vdeliver/settings_lists.h"

enum field {
	STR_FIELD,
	INT_FIELD,
	BOOL_FIELD,
	TIME_FIELD
};

static const struct row {
	const char *name;
	enum field kind;
	size_t at;
} rows[] = {
#define S(f)                                                \
	{                                                   \
#f, STR_FIELD, offsetof(struct settings, f) \
	}
#define I(f)                                                \
	{                                                   \
#f, INT_FIELD, offsetof(struct settings, f) \
	}
#define B(f)                                                 \
	{                                                    \
#f, BOOL_FIELD, offsetof(struct settings, f) \
	}
#define T(f)                                                 \
	{                                                    \
#f, TIME_FIELD, offsetof(struct settings, f) \
	}
	S(myhostname),
	S(mydomain),
	S(myorigin),
	S(mail_name),
	S(smtpd_banner),
	S(syslog_name),
	S(syslog_facility),
	S(maillog_file),
	S(maillog_file_permissions),
	S(maillog_file_prefixes),
	S(mydestination),
	S(recipient_delimiter),
	S(virtual_alias_maps),
	S(virtual_alias_domains),
	S(virtual_mailbox_domains),
	S(virtual_mailbox_maps),
	S(propagate_unmatched_extensions),
	S(receive_override_options),
	S(inet_interfaces),
	B(append_at_myorigin),
	B(append_dot_mydomain),
	B(swap_bangpath),
	B(allow_percent_hack),
	B(allow_untrusted_routing),
	B(strict_rfc821_envelopes),
	B(smtputf8_enable),
	B(enable_original_recipient),
	B(show_user_unknown_table_name),
	B(soft_bounce),
	I(virtual_alias_recursion_limit),
	I(virtual_alias_expansion_limit),
	I(virtual_alias_address_length_limit),
	I(unknown_virtual_alias_reject_code),
	I(unknown_virtual_mailbox_reject_code),
	I(unknown_local_recipient_reject_code),
	S(mynetworks),
	S(local_header_rewrite_clients),
	S(local_transport),
	S(smtpd_relay_restrictions),
	S(relayhost),
	S(inet_protocols),
	S(smtp_helo_name),
	T(smtp_connect_timeout),
	T(smtp_helo_timeout),
	T(smtp_mail_timeout),
	T(smtp_rcpt_timeout),
	T(smtp_data_init_timeout),
	T(smtp_data_xfer_timeout),
	T(smtp_data_done_timeout),
	T(smtp_starttls_timeout),
	I(smtp_line_length_limit),
	S(smtp_tls_security_level),
	S(smtp_tls_CAfile),
	S(smtp_tls_CApath),
	S(smtp_tls_cert_file),
	S(smtp_tls_key_file),
	S(smtp_tls_protocols),
	S(smtp_tls_mandatory_protocols),
	S(smtp_tls_verify_cert_match),
	S(smtp_tls_secure_cert_match),
	B(smtp_use_tls),
	B(smtp_enforce_tls),
	B(smtp_tls_enforce_peername),
	B(smtp_tls_wrappermode),
	B(smtp_sasl_auth_enable),
	S(smtp_sasl_type),
	S(smtp_sasl_password_maps),
	S(smtp_sasl_security_options),
	S(smtp_sasl_tls_security_options),
	S(smtp_sasl_tls_verified_security_options),
	S(smtp_sasl_mechanism_filter),
	B(tls_append_default_CA),
	S(virtual_mailbox_base),
	S(virtual_uid_maps),
	S(virtual_gid_maps),
	I(virtual_minimum_uid),
	I(virtual_mailbox_limit),
	I(message_size_limit),
	S(virtual_mailbox_lock),
	I(deliver_lock_attempts),
	T(deliver_lock_delay),
	T(stale_lock_time),
	B(strict_mailbox_ownership),
	S(vdeliver_listen),
	S(smtpd_discard_ehlo_keywords),
	S(message_drop_headers),
	S(message_reject_characters),
	S(message_strip_characters),
	B(strict_7bit_headers),
	B(strict_8bitmime),
	B(strict_8bitmime_body),
	S(undisclosed_recipients_header),
	S(smtpd_forbidden_commands),
	S(smtpd_forbid_bare_newline),
	S(smtpd_forbid_unauth_pipelining),
	T(smtpd_timeout),
	I(smtpd_recipient_limit),
	I(smtpd_recipient_overshoot_limit),
	I(smtpd_hard_error_limit),
	I(smtpd_soft_error_limit),
	T(smtpd_error_sleep_time),
	I(smtpd_junk_command_limit),
	I(smtpd_client_connection_count_limit),
	I(default_process_limit),
	I(line_length_limit),
	I(hopcount_limit),
	I(smtpd_forbid_bare_newline_reject_code),
	B(smtpd_helo_required),
	B(disable_vrfy_command),
	B(smtpd_peername_lookup),
	B(always_add_missing_headers),
	B(cleanup_replace_stray_cr_lf),
	S(smtpd_authorized_xclient_hosts),
	S(smtpd_authorized_xforward_hosts),
	S(smtpd_forbid_bare_newline_exclusions),
	S(smtpd_client_event_limit_exceptions),
	I(smtpd_client_connection_rate_limit),
	T(anvil_rate_time_unit),
	I(smtpd_client_message_rate_limit),
	I(smtpd_client_recipient_rate_limit),
	I(smtpd_client_new_tls_session_rate_limit),
	I(smtpd_client_ipv4_prefix_length),
	I(smtpd_client_ipv6_prefix_length),
	S(smtpd_tls_security_level),
	S(smtpd_tls_chain_files),
	S(smtpd_tls_cert_file),
	S(smtpd_tls_key_file),
	S(smtpd_tls_eccert_file),
	S(smtpd_tls_eckey_file),
	S(smtpd_tls_dcert_file),
	S(smtpd_tls_dkey_file),
	S(smtpd_tls_CAfile),
	S(smtpd_tls_CApath),
	S(smtpd_tls_protocols),
	S(smtpd_tls_mandatory_protocols),
	S(smtpd_tls_ciphers),
	S(smtpd_tls_mandatory_ciphers),
	S(smtpd_tls_exclude_ciphers),
	S(smtpd_tls_mandatory_exclude_ciphers),
	S(tls_high_cipherlist),
	S(tls_medium_cipherlist),
	S(tls_low_cipherlist),
	S(tls_export_cipherlist),
	S(tls_null_cipherlist),
	I(smtpd_tls_loglevel),
	T(smtpd_starttls_timeout),
	B(smtpd_use_tls),
	B(smtpd_enforce_tls),
	B(smtpd_tls_received_header),
	B(smtpd_tls_req_ccert),
	B(tls_preempt_cipherlist),
	S(vdeliver_sync),
	S(vdeliver_user),
	S(mail_owner),
	S(vdeliver_chroot_directory),
	S(vdeliver_run_directory),
	S(queue_directory),
	S(default_database_type),
	I(vdeliver_worker_limit),
	I(vdeliver_front_count),
	I(vdeliver_lookup_count),
	T(vdeliver_lookup_timeout),
	T(vdeliver_worker_timeout),
	I(vdeliver_relay_limit),
	T(vdeliver_relay_timeout),
	I(vdeliver_memory_limit),
	I(vdeliver_inline_size),
	B(vdeliver_check_room),
	B(vdeliver_confine),
	B(vdeliver_maildir_size),
	B(vdeliver_overquota_defer),
	I(delay_logging_resolution_limit),
#undef S
#undef I
#undef B
#undef T
};

/* Set and not done: each is named once, with what happens instead. */
static const struct {
	const char *name;
	const char *instead;
} unsupported[] = {
	{ "canonical_maps", "addresses are not rewritten by it" },
	{ "recipient_canonical_maps", "addresses are not rewritten by it" },
	{ "sender_canonical_maps", "addresses are not rewritten by it" },
	{ "masquerade_domains", "addresses are not rewritten by it" },
	{ "relocated_maps", "its users are unknown" },
	{ "transport_maps", "mailboxes are delivered here" },
	{ "always_bcc", "no copy is made" },
	{ "sender_bcc_maps", "no copy is made" },
	{ "recipient_bcc_maps", "no copy is made" },
	{ "header_checks", "content is not inspected" },
	{ "mime_header_checks", "content is not inspected" },
	{ "nested_header_checks", "content is not inspected" },
	{ "body_checks", "content is not inspected" },
	{ "smtpd_milters", "milters are not asked" },
	{ "content_filter", "content is not filtered" },
	{ "smtpd_client_restrictions", "ignored" },
	{ "smtpd_helo_restrictions", "ignored" },
	{ "smtpd_sender_restrictions", "ignored" },
	{ "smtpd_recipient_restrictions", "ignored" },
	{ "smtpd_data_restrictions", "ignored" },
	{ "smtpd_end_of_data_restrictions", "ignored" },
	{ "smtpd_etrn_restrictions", "ignored" },
	{ "smtpd_sender_login_maps", "ignored" },
	{ "smtpd_sasl_auth_enable", "AUTH is not offered" },
	{ "smtpd_milter_maps", "milters are not asked" },
	{ "smtpd_proxy_filter", "content is not filtered" },
	{ "smtpd_command_filter", "commands are taken as they come" },
	{ "smtpd_upstream_proxy_protocol", "clients are who they seem to be" },
	{ "smtpd_discard_ehlo_keyword_address_maps",
	    "all clients get the same "
	    "EHLO keywords" },
	{ "smtpd_reject_footer", "replies have no footer" },
	{ "smtpd_reject_footer_maps", "replies have no footer" },
	{ "smtpd_tls_ask_ccert", "client certificates are not asked for" },
	{ "smtpd_tls_req_ccert", "client certificates are not asked for" },
	{ "smtpd_tls_session_cache_database", "sessions are not resumed" },
	{ "smtpd_tls_wrappermode", "write smtps: in vdeliver_listen" },
	{ "virtual_delivery_status_filter", "statuses are not filtered" },
	{ "smtp_tls_ciphers", "OpenSSL's own are used" },
	{ "smtp_tls_mandatory_ciphers", "OpenSSL's own are used" },
	{ "smtp_tls_exclude_ciphers", "OpenSSL's own are used" },
	{ "smtp_tls_mandatory_exclude_ciphers", "OpenSSL's own are used" },
	{ "smtp_tls_servername", "relayhost's name is sent" },
	{ "smtp_tls_loglevel", "TLS towards relayhost is not logged" },
	{ "smtp_sasl_auth_cache_name", "failed logins are tried again" },
	{ "smtp_header_checks", "content is not inspected" },
	{ "smtp_body_checks", "content is not inspected" },
	{ "smtp_discard_ehlo_keywords", "what relayhost offers is used" },
	{ "smtp_reply_filter", "replies are taken as they come" },
	{ "smtp_delivery_status_filter", "statuses are not filtered" },
	{ "smtp_send_xforward_command", "XFORWARD is not sent" },
};

static enum st read_row(struct settings *s, const struct row *r, struct err *e)
{
	char *base = (char *)s + r->at;
	enum st st = ST_OK;

	switch (r->kind) {
	case STR_FIELD:
		st = conf_str(s->conf, r->name, (const char **)base, e);
		break;
	case INT_FIELD:
		st = conf_int(s->conf, r->name, (int64_t *)base, e);
		break;
	case BOOL_FIELD:
		st = conf_bool(s->conf, r->name, (bool *)base, e);
		break;
	case TIME_FIELD:
		st = conf_time(s->conf, r->name, (int64_t *)base, e);
		break;
	}
	if (st == ST_NONE)
		bug("no row in params.def for %s", r->name);
	return st;
}

/* myorigin = /file: the first line of that file. */
static enum st read_myorigin(struct settings *s, struct err *e)
{
	struct str rest, line;
	AUTO_BUF text = BUF_MAX(4096);

	if (s->myorigin[0] != '/')
		return ST_OK;
	if (io_read_file(s->myorigin, &text, e) != ST_OK) {
		err_prefix(e, "parameter myorigin: ");
		return ST_TEMP;
	}
	rest = buf_str(&text);
	str_cut(&rest, '\n', &line);
	line = str_trim(line);
	if (line.n == 0)
		return err_temp(e, "", "parameter myorigin: %s is empty",
		    s->myorigin);
	return conf_keep(s->conf, line, &s->myorigin, e);
}

bool settings_is_hostname(const char *name)
{
	struct str rest = str_c(name), label;
	bool more = true;
	size_t i;

	while (more) {
		more = str_cut(&rest, '.', &label);
		if (label.n == 0 || label.n > 63 || label.p[0] == '-' ||
		    label.p[label.n - 1] == '-')
			return false;
		for (i = 0; i < label.n; i++)
			if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-_",
				str_lower(label.p[i])) == NULL)
				return false;
	}
	return true;
}

static enum st check_sizes(const struct settings *s, struct err *e)
{
	if (s->virtual_mailbox_limit == 0)
		return ST_OK;
	if (s->message_size_limit == 0)
		return err_temp(e, "",
		    "main.cf configuration error: "
		    "virtual_mailbox_limit is limited but "
		    "message_size_limit is unlimited");
	if (s->virtual_mailbox_limit < s->message_size_limit)
		return err_temp(e, "",
		    "main.cf configuration error: "
		    "virtual_mailbox_limit is smaller than "
		    "message_size_limit");
	return ST_OK;
}

static enum st check_locks(struct settings *s, struct err *e)
{
	struct str bad;

	if (mbox_lock_parse(str_c(s->virtual_mailbox_lock), &s->mailbox_locks,
		&bad))
		return ST_OK;
	return err_temp(e, "",
	    "unknown mailbox_delivery_lock value \"%.*s\" in \"%s\"",
	    STR_ARG(bad), s->virtual_mailbox_lock);
}

/* The level decides; without one the two old parameters do. */
static enum st read_tls_level(struct settings *s, struct err *e)
{
	static const struct {
		const char *name;
		bool use, enforce, as_encrypt;
	} levels[] = {
		{ "none", false, false, false },
		{ "may", true, false, false },
		{ "encrypt", true, true, false },
		{ "fingerprint", true, true, true },
		{ "verify", true, true, true },
		{ "secure", true, true, true },
	};
	const char *level = s->smtpd_tls_security_level;
	size_t i;

	s->smtpd_use_tls |= s->smtpd_enforce_tls;
	for (i = 0; level[0] != '\0' && i < NELEM(levels); i++) {
		if (!str_ieqc(str_c(level), levels[i].name))
			continue;
		if (levels[i].as_encrypt)
			log_warn("smtpd_tls_security_level: unsupported TLS "
				 "level \"%s\", using \"encrypt\"",
			    level);
		s->smtpd_use_tls = levels[i].use;
		s->smtpd_enforce_tls = levels[i].enforce;
		break;
	}
	if (i == NELEM(levels))
		return err_temp(e, "", "Invalid TLS level \"%s\"", level);
	if (s->smtpd_tls_req_ccert && s->smtpd_enforce_tls)
		return err_temp(e, "",
		    "smtpd_tls_req_ccert is not supported: client "
		    "certificates are not asked for; set it to no");
	return ST_OK;
}

/* Nothing in it: nobody but mynetworks may, whatever else is set. */
static void default_relay_restrictions(struct settings *s)
{
	if (str_trim(str_c(s->smtpd_relay_restrictions)).n != 0)
		return;
	if (conf_raw(s->conf, "smtpd_relay_restrictions") != NULL)
		log_warn("smtpd_relay_restrictions is empty: relaying is "
			 "limited to mynetworks");
	s->smtpd_relay_restrictions =
	    "permit_mynetworks, defer_unauth_destination";
}

/* A promise that cannot be kept is not made. */
static enum st check_confine(const struct settings *s, struct err *e)
{
	if (!s->vdeliver_confine || sandbox_has_store())
		return ST_OK;
	if (!os_has_beneath())
		return err_temp(e, "",
		    "vdeliver_confine = yes wants Linux 5.6 or later");
	log_warn("vdeliver_confine: no Landlock here (Linux 5.19 or later): "
		 "links are looked at before each delivery, and an owner who "
		 "changes one at that moment is not stopped");
	return ST_OK;
}

static enum st check(struct settings *s, struct err *e)
{
	if (!settings_is_hostname(s->myhostname))
		return err_temp(e, "",
		    "parameter myhostname: bad parameter "
		    "value: %s",
		    s->myhostname);
	if (s->virtual_mailbox_base[0] != '/')
		return err_temp(e, "",
		    "do not specify relative pathname: "
		    "virtual_mailbox_base = %s",
		    s->virtual_mailbox_base);
	if (check_locks(s, e) != ST_OK || read_tls_level(s, e) != ST_OK ||
	    permission_check(s->smtpd_relay_restrictions, e) != ST_OK ||
	    relay_settings_check(s, e) != ST_OK ||
	    check_confine(s, e) != ST_OK ||
	    choice_parse(s->vdeliver_sync, &s->sync_choice, e) != ST_OK ||
	    cleanup_check_settings(s, e) != ST_OK ||
	    logger_check_settings(s, e) != ST_OK)
		return ST_TEMP;
	return check_sizes(s, e);
}

void settings_unsupported(struct conf *c,
    void (*fn)(const char *param, const char *instead, void *arg), void *arg)
{
	const char *text;
	struct err e;
	size_t i;

	for (i = 0; i < NELEM(unsupported); i++)
		if (conf_str(c, unsupported[i].name, &text, &e) == ST_OK &&
		    conf_raw(c, unsupported[i].name) != NULL &&
		    text[0] != '\0' && strcmp(text, "no") != 0 &&
		    strcmp(text, "0") != 0)
			fn(unsupported[i].name, unsupported[i].instead, arg);
}

static void warn_unsupported(const char *param, const char *instead, void *arg)
{
	(void)arg;
	log_warn("%s is not supported: %s", param, instead);
}

static enum st warn_level(struct settings *s, struct err *e)
{
	const char *level;
	int cmp;

	if (conf_str(s->conf, "compatibility_level", &level, e) != ST_OK ||
	    compat_level_cmp(str_c(level), STR("1"), &cmp, e) != ST_OK)
		return ST_TEMP;
	if (cmp < 0 && conf_raw(s->conf, "smtpd_relay_restrictions") == NULL)
		log_warn("compatibility_level %s without "
			 "smtpd_relay_restrictions: relaying is limited to "
			 "mynetworks, as from level 1 on",
		    level);
	return ST_OK;
}

/* What has no field of its own, and is asked for all the same. */
static const char *const others[] = { "compatibility_level",
	"default_cache_db_type", "mynetworks_style", "non_bdb_custom_mapping",
	"non_bdb_migration_level", "non_bdb_migration_log_redirect" };

bool settings_uses(const char *name)
{
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return true;
	for (i = 0; i < NELEM(others); i++)
		if (strcmp(others[i], name) == 0)
			return true;
	return false;
}

enum st settings_load(struct settings *s, const char *dir, struct err *e)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	if (conf_load(&s->conf, dir, e) != ST_OK)
		return ST_TEMP;
	s->config_directory = dir;
	for (i = 0; i < NELEM(rows); i++)
		if (read_row(s, &rows[i], e) != ST_OK)
			return ST_TEMP;
	default_relay_restrictions(s);
	if (read_myorigin(s, e) != ST_OK || settings_networks(s, e) != ST_OK ||
	    check(s, e) != ST_OK || warn_level(s, e) != ST_OK ||
	    redirect_configure(s->conf, e) != ST_OK)
		return ST_TEMP;
	settings_unsupported(s->conf, warn_unsupported, NULL);
	return settings_lists(s, e);
}

void settings_for_control(struct settings *s, const char *dir)
{
	struct err e;

	memset(s, 0, sizeof(*s));
	s->config_directory = dir;
	if (conf_load(&s->conf, dir, &e) != ST_OK) {
		log_warn("%s; going on with the defaults", e.text);
		s->conf = conf_defaults(dir);
	}
	if (conf_str(s->conf, "vdeliver_run_directory",
		&s->vdeliver_run_directory, &e) != ST_OK)
		log_fatal("%s", e.text);
}

void settings_clear(struct settings *s)
{
	if (s == NULL)
		return;
	settings_lists_clear(s);
	conf_free(s->conf);
	memset(s, 0, sizeof(*s));
}
