/* relay_settings - parameters about relayhost. Runs in: monitor. */

#include "vdeliver/relay_settings.h"

#include "base/str.h"
#include "vdeliver/relay_sasl.h"
#include "vdeliver/relayhost.h"

/*
 * These say to whom mail goes, as whom or how safely: it must not go out as if
 * they were not there.
 */
static const char *const refused[] = { "smtp_sender_dependent_authentication",
	"smtp_tls_policy_maps", "smtp_tls_per_site", "smtp_tls_chain_files",
	"smtp_tls_eccert_file", "smtp_tls_dcert_file",
	"smtp_tls_trust_anchor_file", "smtp_bind_address", "smtp_bind_address6",
	"smtp_generic_maps", "sender_dependent_relayhost_maps",
	"smtp_fallback_relay" };

static enum st refuse_unsupported(struct settings *s, struct err *e)
{
	const char *text;
	size_t i;

	for (i = 0; i < NELEM(refused); i++) {
		if (conf_str(s->conf, refused[i], &text, e) != ST_OK)
			return ST_TEMP;
		if (text[0] != '\0' && !str_ieqc(str_c(text), "no"))
			return err_temp(e, "",
			    "%s = %s is not supported with relayhost; take it "
			    "away, or relayhost",
			    refused[i], text);
	}
	if (conf_str(s->conf, "smtp_sasl_auth_soft_bounce", &text, e) != ST_OK)
		return ST_TEMP;
	if (str_ieqc(str_c(text), "no"))
		return err_temp(e, "",
		    "smtp_sasl_auth_soft_bounce = no is not supported: a "
		    "refused login is our trouble, and never the end of a "
		    "message; take it away");
	return ST_OK;
}

/* smtp_tls_security_level, or what stood for it before. postconf(5). */
static enum st read_relay_level(struct settings *s, struct err *e)
{
	static const struct {
		const char *name;
		enum relay_level level;
	} levels[] = {
		{ "none", RELAY_TLS_NONE },
		{ "may", RELAY_TLS_MAY },
		{ "encrypt", RELAY_TLS_ENCRYPT },
		{ "verify", RELAY_TLS_VERIFY },
		{ "secure", RELAY_TLS_SECURE },
	};
	const char *level = s->smtp_tls_security_level;
	size_t i;

	if (s->smtp_enforce_tls)
		s->relay_level = s->smtp_tls_enforce_peername
		    ? RELAY_TLS_VERIFY
		    : RELAY_TLS_ENCRYPT;
	else
		s->relay_level =
		    s->smtp_use_tls ? RELAY_TLS_MAY : RELAY_TLS_NONE;
	for (i = 0; level[0] != '\0' && i < NELEM(levels); i++) {
		if (!str_ieqc(str_c(level), levels[i].name))
			continue;
		s->relay_level = levels[i].level;
		break;
	}
	if (i == NELEM(levels))
		return err_temp(e, "",
		    "smtp_tls_security_level = %s is not supported: write "
		    "none, may, encrypt, verify or secure",
		    level);
	if (s->smtp_tls_wrappermode && s->relay_level < RELAY_TLS_ENCRYPT)
		return err_temp(e, "",
		    "smtp_tls_wrappermode = yes requires "
		    "smtp_tls_security_level = encrypt (or stronger)");
	return ST_OK;
}

/* The client of ours waits 600 seconds at most, and has to hear of it. */
#define RELAY_SECONDS_MAX 290

enum st relay_settings_check(struct settings *s, struct err *e)
{
	if (s->vdeliver_relay_timeout > RELAY_SECONDS_MAX)
		return err_temp(e, "",
		    "invalid vdeliver_relay_timeout: %lld (max %d)",
		    (long long)s->vdeliver_relay_timeout, RELAY_SECONDS_MAX);
	if (s->relayhost[0] == '\0')
		return ST_OK;
	if (!settings_is_hostname(s->smtp_helo_name) &&
	    s->smtp_helo_name[0] != '[')
		return err_temp(e, "",
		    "parameter smtp_helo_name: bad parameter value: %s",
		    s->smtp_helo_name);
	if (relayhost_check(s->relayhost, e) != ST_OK ||
	    read_relay_level(s, e) != ST_OK || relay_sasl_check(s, e) != ST_OK)
		return ST_TEMP;
	return refuse_unsupported(s, e);
}
