/* relay_sasl - logging in at relayhost. Runs in: monitor, lookup, relay. */

#include "vdeliver/relay_sasl.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"

/* What a mechanism can be asked to be. postconf(5). */
enum quality {
	NO_PLAINTEXT = 1 << 0,
	NO_ANONYMOUS = 1 << 1,
	OTHER = 1 << 2, /* none of ours is that good */
};

static const struct {
	const char *name;
	unsigned quality;
} options[] = {
	{ "noplaintext", NO_PLAINTEXT },
	{ "noanonymous", NO_ANONYMOUS },
	{ "noactive", OTHER },
	{ "nodictionary", OTHER },
	{ "forward_secrecy", OTHER },
	{ "mutual_auth", OTHER },
};

/* Those of sasl.c that a password is enough for. */
static const struct {
	const char *name;
	unsigned quality;
} mechanisms[] = {
	{ "CRAM-MD5", NO_PLAINTEXT | NO_ANONYMOUS },
	{ "PLAIN", NO_ANONYMOUS },
	{ "LOGIN", NO_ANONYMOUS },
};

static bool add_quality(struct str word, unsigned *want)
{
	size_t i;

	for (i = 0; i < NELEM(options); i++)
		if (str_ieqc(word, options[i].name)) {
			*want |= options[i].quality;
			return true;
		}
	return false;
}

/* An unknown word asks for what nothing can be. */
static unsigned quality_of(const char *list)
{
	struct str rest = str_c(list), word;
	unsigned want = 0;

	while (str_word(&rest, ", \t\r\n", &word))
		if (!add_quality(word, &want))
			want |= OTHER;
	return want;
}

static enum st check_options(const char *name, const char *list, struct err *e)
{
	struct str rest = str_c(list), word;
	unsigned want = 0;

	while (str_word(&rest, ", \t\r\n", &word))
		if (!add_quality(word, &want))
			return err_temp(e, "", "%s: unknown option: %.*s", name,
			    STR_ARG(word));
	return ST_OK;
}

/* An item without its '!': a name, or "static:", which is any. */
static bool strip(struct str *item)
{
	bool negative = item->n != 0 && item->p[0] == '!';

	if (negative)
		*item = str_skip(*item, 1);
	return negative;
}

static bool is_any(struct str item)
{
	return str_istarts(item, STR("static:"));
}

static enum st check_filter(const char *list, struct err *e)
{
	struct str rest = str_c(list), item;

	while (str_word(&rest, ", \t\r\n", &item)) {
		strip(&item);
		if (!is_any(item) &&
		    (str_find(item, ':') >= 0 || str_find(item, '/') >= 0))
			return err_temp(e, "",
			    "smtp_sasl_mechanism_filter: %.*s is not "
			    "supported: write the mechanisms themselves",
			    STR_ARG(item));
	}
	return ST_OK;
}

enum st relay_sasl_check(const struct settings *set, struct err *e)
{
	const struct {
		const char *name, *list;
	} lists[] = {
		{ "smtp_sasl_security_options",
		    set->smtp_sasl_security_options },
		{ "smtp_sasl_tls_security_options",
		    set->smtp_sasl_tls_security_options },
		{ "smtp_sasl_tls_verified_security_options",
		    set->smtp_sasl_tls_verified_security_options },
	};
	size_t i;

	if (!set->smtp_sasl_auth_enable)
		return ST_OK;
	if (set->smtp_sasl_password_maps[0] == '\0')
		return err_temp(e, "",
		    "smtp_sasl_auth_enable = yes requires "
		    "smtp_sasl_password_maps");
	if (!str_eqc(str_c("cyrus"), set->smtp_sasl_type))
		return err_temp(e, "",
		    "smtp_sasl_type = %s is not supported with relayhost",
		    set->smtp_sasl_type);
	for (i = 0; i < NELEM(lists); i++)
		if (check_options(lists[i].name, lists[i].list, e) != ST_OK)
			return ST_TEMP;
	return check_filter(set->smtp_sasl_mechanism_filter, e);
}

enum st relay_sasl_find(struct maps *passwords, struct str host,
    struct str destination, struct buf *login, struct err *e)
{
	enum st st = maps_get(passwords, host, false, login, e);

	if (st == ST_NONE && !str_eq(host, destination))
		st = maps_get(passwords, destination, false, login, e);
	if (st == ST_OK && (login->full || login->n > RELAY_LOGIN_MAX))
		return err_temp(e, "4.3.5",
		    "smtp_sasl_password_maps: more than %d bytes for %.*s",
		    RELAY_LOGIN_MAX, STR_ARG(destination));
	return st == ST_PERM ? ST_TEMP : st;
}

/* The first item that fits decides; without any, a list admits nothing. */
static bool passes(const char *filter, struct str mech)
{
	struct str rest = str_c(filter), item;
	bool negative, any = false;

	while (str_word(&rest, ", \t\r\n", &item)) {
		any = true;
		negative = strip(&item);
		if (is_any(item) || str_ieq(item, mech))
			return !negative;
	}
	return !any;
}

/* More is allowed where nobody listens, and most where it is known who does. */
static const char *options_for(const struct settings *set,
    const struct conn *conn)
{
	if (!conn_is_tls(conn))
		return set->smtp_sasl_security_options;
	return set->relay_level >= RELAY_TLS_VERIFY
	    ? set->smtp_sasl_tls_verified_security_options
	    : set->smtp_sasl_tls_security_options;
}

/* Leave those of the mechanisms that may be used. */
static void filter(const struct settings *set, struct smtp_client *c)
{
	unsigned want = quality_of(options_for(set, c->conn));
	AUTO_BUF allowed = BUF_MAX(200);
	struct str rest = buf_str(&c->mechs), word;
	size_t i;

	while (str_word(&rest, " ", &word))
		for (i = 0; i < NELEM(mechanisms); i++)
			if (str_ieqc(word, mechanisms[i].name) &&
			    (want & ~mechanisms[i].quality) == 0 &&
			    passes(set->smtp_sasl_mechanism_filter, word))
				buf_addf(&allowed, "%s ", mechanisms[i].name);
	buf_set(&c->mechs, buf_str(&allowed));
}

enum st relay_sasl_log_in(const struct settings *set, struct smtp_client *c,
    const char *login, struct smtp_reply *r, struct err *e)
{
	char user[RELAY_LOGIN_MAX + 1], *password;
	enum st st;

	filter(set, c);
	snprintf(user, sizeof(user), "%s", login);
	password = strchr(user, ':');
	if (password != NULL)
		*password++ = '\0';
	st = smtp_auth(c, user, password != NULL ? password : "", r, e);
	explicit_bzero(user, sizeof(user));
	return st;
}

bool relay_sasl_parse(struct str text, char login[RELAY_LOGIN_MAX + 1])
{
	AUTO_BUF plain = BUF_MAX(RELAY_LOGIN_MAX);
	bool ok = base64_decode(&plain, text);

	snprintf(login, RELAY_LOGIN_MAX + 1, "%s", buf_c(&plain));
	if (plain.n != 0)
		explicit_bzero(plain.p, plain.n);
	return ok;
}
