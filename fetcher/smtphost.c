/* smtphost - entries, and TLS towards listeners. Runs in: poll child. */

#include "fetcher/smtphost.h"

#include <stdio.h>

#include "net/tls.h"

static const struct {
	const char *word;
	enum smtphost_tls tls;
	const char *port;
} ways[] = {
	{ "notls", SMTPHOST_CLEAR, "25" },
	{ "starttls", SMTPHOST_STARTTLS, "25" },
	{ "tls", SMTPHOST_TLS, "465" },
};

static bool is_way(struct str word, size_t *i)
{
	for (*i = 0; *i < NELEM(ways); ++*i)
		if (str_ieqc(word, ways[*i].word))
			return true;
	return false;
}

static enum st odd(const char *entry, struct err *e)
{
	return err_temp(e, "",
	    "smtphost %s: not host, host/port or host/port/starttls", entry);
}

static enum st copy(char *to, size_t size, struct str from, const char *entry,
    struct err *e)
{
	if (from.n == 0 || from.n >= size)
		return odd(entry, e);
	snprintf(to, size, "%.*s", STR_ARG(from));
	return ST_OK;
}

enum st smtphost_parse(const char *entry, struct smtphost *h, struct err *e)
{
	struct str rest = str_c(entry), host, word;
	const char *port = "25";
	size_t i;

	*h = (struct smtphost){ .tls = SMTPHOST_CLEAR };
	if (entry[0] == '/') {
		snprintf(h->port, sizeof(h->port), "25");
		return copy(h->host, sizeof(h->host), rest, entry, e);
	}
	str_cut(&rest, '/', &host);
	if (copy(h->host, sizeof(h->host), host, entry, e) != ST_OK)
		return ST_TEMP;
	str_cut(&rest, '/', &word);
	if (!is_way(word, &i)) {
		if (word.n != 0 &&
		    copy(h->port, sizeof(h->port), word, entry, e) != ST_OK)
			return ST_TEMP;
		word = rest;
		rest = STR_NONE;
	}
	if (word.n != 0 && is_way(word, &i)) {
		h->tls = ways[i].tls;
		port = ways[i].port;
	} else if (word.n != 0) {
		rest = word;
	}
	if (rest.n != 0)
		return odd(entry, e);
	if (h->port[0] == '\0')
		snprintf(h->port, sizeof(h->port), "%s", port);
	return ST_OK;
}

static enum st wrap(struct smtp_client *c, const struct smtphost *h,
    const struct account *a, struct err *e)
{
	struct tls_rules rules = { .name = h->host, .verify = true };

	if (a != NULL) {
		rules.ca_file = opt_text(&a->o, OPT_SSLCERTFILE);
		rules.ca_path = opt_text(&a->o, OPT_SSLCERTPATH);
	}
	return conn_starttls(c->conn, &rules, e);
}

enum st smtphost_begin(struct smtp_client *c, const struct smtphost *h,
    const struct account *a, struct err *e)
{
	return h->tls == SMTPHOST_TLS ? wrap(c, h, a, e) : ST_OK;
}

enum st smtphost_upgrade(struct smtp_client *c, const struct smtphost *h,
    const struct account *a, const char *hello, struct err *e)
{
	struct smtp_reply r = SMTP_REPLY;
	enum st st = ST_OK;

	if (h->tls != SMTPHOST_STARTTLS)
		return ST_OK;
	if ((c->features & SMTP_STARTTLS) == 0)
		return err_temp(e, "", "%s does not offer STARTTLS", h->host);
	st = smtp_command(c, &r, e, "STARTTLS");
	if (st == ST_OK && r.code != 220)
		st = err_temp(e, "", "%s refuses STARTTLS: %d %s", h->host,
		    r.code, buf_c(&r.text));
	if (st == ST_OK)
		st = wrap(c, h, a, e);
	/* RFC 3207 4.2: what was said before does not count. */
	if (st == ST_OK)
		st = smtp_hello(c, hello, &r, e);
	if (st == ST_OK && r.code / 100 != 2)
		st = err_temp(e, "", "%d %s", r.code, buf_c(&r.text));
	smtp_reply_clear(&r);
	return st;
}
