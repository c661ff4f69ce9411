/* sasl_token - a bearer token instead of a password, and what servers say of
 * one that they do not like. */

#include "net/sasl_mech.h"

#include <stdio.h>

/* RFC 5801 4: a name in the GS2 header. */
static void add_saslname(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++)
		if (*name == ',')
			buf_addc(out, "=2C");
		else if (*name == '=')
			buf_addc(out, "=3D");
		else
			buf_addch(out, *name);
}

/* --- the server's reason -------------------------------------------------------- */

static const struct {
	const char *status, *words;
} reasons[] = {
	{ "invalid_token", "the token is not valid, or has expired" },
	{ "400", "the token is not valid for this user, or has expired" },
	{ "401", "the token is not valid, or has expired" },
	{ "403", "the token does not allow this" },
	{ "insufficient_scope", "the token is for something else than mail" },
	{ "invalid_request", "the server did not understand us" },
};

/* A JSON string from after its quote on; escapes are not worth reading. */
static struct str json_string(struct str at)
{
	size_t n = 0;

	while (n < at.n && at.p[n] != '"' && at.p[n] != '\\' && at.p[n] >= ' ')
		n++;
	return str_head(at, n);
}

/* The value of "status", a string or a number; "" if there is none. */
static struct str json_status(struct str json)
{
	ptrdiff_t at = str_search(json, STR("\"status\""));
	struct str rest, word = STR("");

	if (at < 0)
		return word;
	rest = str_trim_left(str_skip(json, (size_t)at + 8));
	if (!str_starts(rest, STR(":")))
		return word;
	rest = str_trim_left(str_skip(rest, 1));
	if (str_starts(rest, STR("\"")))
		return json_string(str_skip(rest, 1));
	return str_word(&rest, " \t\r\n,}", &word) ? word : STR("");
}

static void add_clean(struct buf *out, struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		buf_addch(out,
		    text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?');
}

static void learn_trouble(struct sasl *s, struct str json)
{
	AUTO_BUF text = BUF_MAX(sizeof(s->trouble) - 1);
	struct str status = str_head(json_status(json), 40);
	size_t i;

	for (i = 0; i < NELEM(reasons); i++)
		if (str_ieqc(status, reasons[i].status))
			buf_addf(&text, "%s (the server says %s)",
			    reasons[i].words, reasons[i].status);
	if (text.n == 0) {
		buf_addc(&text, "the server says ");
		add_clean(&text, str_head(status.n != 0 ? status : json, 150));
	}
	snprintf(s->trouble, sizeof(s->trouble), "%s", buf_c(&text));
}

/* --- the mechanisms --------------------------------------------------------------- */

/* The second challenge is why not; the answer to it is then sent for form. */
static enum st refused(struct sasl *s, struct str challenge, struct err *e)
{
	if (s->step > 1)
		return err_temp(e, "4.7.0", "a third challenge to a token");
	s->step++;
	learn_trouble(s, challenge);
	return ST_OK;
}

/* Control characters divide what is sent. */
static bool is_clean(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static enum st check(const struct sasl *s, struct err *e)
{
	if (is_clean(s->user) && is_clean(s->password))
		return ST_OK;
	return err_temp(e, "4.7.0", "control characters in user or token");
}

/* RFC 7628 3.1, 3.2.3 */
enum st sasl_oauthbearer(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	if (s->step > 0) {
		buf_addch(out, '\1');
		return refused(s, challenge, e);
	}
	if (check(s, e) != ST_OK)
		return ST_TEMP;
	s->step++;
	buf_addc(out, "n,a=");
	add_saslname(out, s->user);
	buf_addf(out, ",\1auth=Bearer %s\1\1", s->password);
	return ST_OK;
}

/* https://developers.google.com/workspace/gmail/imap/xoauth2-protocol */
enum st sasl_xoauth2(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	if (s->step > 0)
		return refused(s, challenge, e);
	if (check(s, e) != ST_OK)
		return ST_TEMP;
	s->step++;
	buf_addf(out, "user=%s\1auth=Bearer %s\1\1", s->user, s->password);
	return ST_OK;
}
