/* relayhost - its syntax and its addresses. Runs in: monitor, lookup. */

#include "vdeliver/relayhost.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base64.h"
#include "base/log.h"
#include "vdeliver/relay_sasl.h"

static bool is_plain(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f ||
		    strchr("[]", s.p[i]) != NULL)
			return false;
	return s.n != 0 && s.n < NI_MAXHOST;
}

/* "[host]" or "[host]:port" */
static bool parse_brackets(struct str item, struct relayhost *r)
{
	ptrdiff_t end = str_find(item, ']');
	struct str rest;

	if (end < 0)
		return false;
	r->host = str_head(str_skip(item, 1), (size_t)end - 1);
	if (str_istarts(r->host, STR("ipv6:")))
		r->host = str_skip(r->host, 5);
	rest = str_skip(item, (size_t)end + 1);
	if (rest.n == 0)
		return true;
	r->port = str_skip(rest, 1);
	return rest.p[0] == ':';
}

static bool parse(struct str item, struct relayhost *r)
{
	ptrdiff_t colon = str_find(item, ':');

	*r = (struct relayhost){ .text = item, .port = STR("25") };
	if (item.p[0] == '[')
		return parse_brackets(item, r) && is_plain(r->host) &&
		    is_plain(r->port);
	r->bare = true;
	r->host = colon < 0 ? item : str_head(item, (size_t)colon);
	if (colon >= 0)
		r->port = str_skip(item, (size_t)colon + 1);
	/* A second colon: an IPv6 address wants brackets. */
	return is_plain(r->host) && is_plain(r->port) &&
	    str_find(r->port, ':') < 0;
}

enum st relayhost_next(struct str *list, struct relayhost *r, struct err *e)
{
	struct str item;

	if (!str_word(list, ", \t\r\n", &item))
		return ST_NONE;
	if (parse(item, r))
		return ST_OK;
	return err_temp(e, "4.3.5",
	    "parameter relayhost: bad destination \"%.*s\": write [host]:port",
	    STR_ARG(item));
}

enum st relayhost_check(const char *text, struct err *e)
{
	struct str list = str_c(text);
	struct relayhost r;
	enum st st;

	while ((st = relayhost_next(&list, &r, e)) == ST_OK)
		if (r.bare)
			log_warn("relayhost %.*s: MX records are not looked "
				 "up, only its addresses; write [%.*s]:%.*s",
			    STR_ARG(r.host), STR_ARG(r.host), STR_ARG(r.port));
	return st == ST_NONE ? ST_OK : st;
}

static int family_of(const char *protocols)
{
	bool all = strstr(protocols, "all") != NULL;
	bool v4 = all || strstr(protocols, "ipv4") != NULL;
	bool v6 = all || strstr(protocols, "ipv6") != NULL;

	return v4 == v6 ? AF_UNSPEC : v4 ? AF_INET : AF_INET6;
}

static void add_addresses(const char *host, const struct addrinfo *list,
    const char *login, struct buf *places)
{
	char addr[NI_MAXHOST], port[NI_MAXSERV];
	const struct addrinfo *ai;

	for (ai = list; ai != NULL; ai = ai->ai_next)
		if (places->n < RELAYHOST_PLACES_MAX / 2 &&
		    getnameinfo(ai->ai_addr, ai->ai_addrlen, addr, sizeof(addr),
			port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) == 0)
			buf_addf(places, "%s %s %s%s%s\n", host, addr, port,
			    login[0] != '\0' ? " " : "", login);
}

/* " LOGIN" of a destination; empty: there is none. */
static enum st find_login(struct maps *passwords, const struct relayhost *r,
    struct buf *login, struct err *e)
{
	AUTO_BUF plain = BUF_MAX(2 * RELAY_LOGIN_MAX);
	enum st st;

	if (passwords == NULL)
		return ST_OK;
	st = relay_sasl_find(passwords, r->host, r->text, &plain, e);
	if (st == ST_OK)
		base64_encode(login, buf_str(&plain));
	if (plain.p != NULL)
		explicit_bzero(plain.p, plain.n);
	return st == ST_TEMP ? ST_TEMP : ST_OK;
}

enum st relayhost_places(const char *text, const char *protocols,
    struct maps *passwords, struct buf *places, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_family = family_of(protocols) },
			*list;
	struct str rest = str_c(text);
	char host[NI_MAXHOST], port[NI_MAXHOST];
	struct relayhost r;
	enum st st;
	int rc;

	err_temp(e, "4.3.5", "parameter relayhost is empty");
	while ((st = relayhost_next(&rest, &r, e)) == ST_OK) {
		AUTO_BUF login = BUF_MAX(2 * RELAY_LOGIN_MAX);

		if (find_login(passwords, &r, &login, e) != ST_OK)
			return ST_TEMP;
		snprintf(host, sizeof(host), "%.*s", STR_ARG(r.host));
		snprintf(port, sizeof(port), "%.*s", STR_ARG(r.port));
		rc = getaddrinfo(host, port, &hints, &list);
		if (rc != 0) {
			err_temp(e, "4.4.3",
			    "Host or domain name not found. "
			    "Name service error for name=%s: %s",
			    host, gai_strerror(rc));
			log_warn("relayhost: %s", e->text);
			continue;
		}
		add_addresses(host, list, buf_c(&login), places);
		freeaddrinfo(list);
	}
	return places->n != 0 ? ST_OK : ST_TEMP;
}
