/* machine - host name, domain and the networks of our interfaces. */

#include "conf/machine.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define DOMAIN "localdomain"

/* The host's own name; a bare one gets mydomain, if that is set. */
static enum st myhostname(struct conf *c, struct buf *out, struct err *e)
{
	char host[HOST_NAME_MAX + 1] = "";
	const char *domain = DOMAIN;
	enum st st = ST_OK;

	if (gethostname(host, sizeof(host) - 1) != 0)
		return err_temp(e, "4.3.0", "gethostname: %m");
	buf_addc(out, host);
	if (strchr(host, '.') != NULL)
		return ST_OK;
	if (conf_raw(c, "mydomain") != NULL)
		st = conf_str(c, "mydomain", &domain, e);
	buf_addf(out, ".%s", domain);
	return st;
}

/* myhostname without its first label; an empty one is refused elsewhere. */
static enum st mydomain(struct conf *c, struct buf *out, struct err *e)
{
	AUTO_BUF host = BUF_MAX(out->max);
	enum st st = conf_expand(c, STR("$myhostname"), &host, e);
	const char *dot = strchr(buf_c(&host), '.');

	if (st == ST_OK)
		buf_addc(out, dot != NULL ? dot + 1 : DOMAIN);
	return st;
}

static enum st process_id(struct conf *c UNUSED, struct buf *out,
    struct err *e UNUSED)
{
	buf_addf(out, "%ld", (long)getpid());
	return ST_OK;
}

static enum st process_name(struct conf *c UNUSED, struct buf *out,
    struct err *e UNUSED)
{
	buf_addc(out, log_get_tag());
	return ST_OK;
}

enum style {
	STYLE_HOST,
	STYLE_SUBNET,
	STYLE_CLASS
};

struct choice {
	enum style style;
	const char *interfaces; /* expanded inet_interfaces */
	struct str protocols;   /* expanded inet_protocols */
};

static const unsigned char *address_bytes(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return (const void *)&(
		    (const struct sockaddr_in *)(const void *)sa)
		    ->sin_addr;
	return (const void *)&((const struct sockaddr_in6 *)(const void *)sa)
	    ->sin6_addr;
}

/* Leading one bits of a netmask. */
static unsigned mask_bits(const struct sockaddr *mask, size_t size)
{
	const unsigned char *p = address_bytes(mask);
	unsigned bits = 0;

	while (bits < size * 8 && (p[bits / 8] & (0x80 >> bits % 8)) != 0)
		bits++;
	return bits;
}

/* The old network classes A, B, C and D. */
static unsigned class_bits(unsigned char first)
{
	return first < 128 ? 8 : first < 192 ? 16 : first < 224 ? 24 : 4;
}

/* Is this an address that inet_interfaces and inet_protocols mean? */
static bool is_meant(const struct ifaddrs *i, const struct choice *how)
{
	bool v4 = i->ifa_addr->sa_family == AF_INET, all;
	struct str rest = str_c(how->interfaces), word;
	char text[INET6_ADDRSTRLEN];

	all = str_eqc(how->protocols, "all") || how->protocols.n == 0;
	if (!all &&
	    str_search(how->protocols, v4 ? STR("ipv4") : STR("ipv6")) < 0)
		return false;
	inet_ntop(i->ifa_addr->sa_family, address_bytes(i->ifa_addr), text,
	    sizeof(text));
	while (str_word(&rest, ", \t\r\n", &word)) {
		if (str_ieqc(word, "all") || str_eqc(word, text))
			return true;
		if (str_ieqc(word, "loopback-only") &&
		    (i->ifa_flags & IFF_LOOPBACK) != 0)
			return true;
	}
	return false;
}

/* Add the network of one address, as "10.0.0.0/8" or "[fd00::]/64". */
static void add_network(const struct ifaddrs *i, enum style style,
    struct buf *out)
{
	int family = i->ifa_addr->sa_family;
	size_t size = family == AF_INET ? 4 : 16, n;
	unsigned char net[16];
	char text[INET6_ADDRSTRLEN];
	unsigned bits = (unsigned)size * 8;

	memcpy(net, address_bytes(i->ifa_addr), size);
	if (style == STYLE_CLASS && family == AF_INET)
		bits = class_bits(net[0]);
	else if (style != STYLE_HOST && i->ifa_netmask != NULL)
		bits = mask_bits(i->ifa_netmask, size);
	for (n = bits; n < size * 8; n++)
		net[n / 8] &= (unsigned char)~(0x80 >> n % 8);
	inet_ntop(family, net, text, sizeof(text));
	buf_addf(out, family == AF_INET ? "%s%s/%u" : "%s[%s]/%u",
	    out->n != 0 ? " " : "", text, bits);
}

static enum st networks_by(const struct choice *how, struct buf *out,
    struct err *e)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct ifaddrs *all;
	size_t f;

	if (getifaddrs(&all) != 0)
		return err_temp(e, "4.3.0", "getifaddrs: %m");
	for (f = 0; f < NELEM(families); f++)
		for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
			if (i->ifa_addr != NULL &&
			    i->ifa_addr->sa_family == families[f] &&
			    (i->ifa_flags & IFF_UP) != 0 && is_meant(i, how))
				add_network(i, how->style, out);
	freeifaddrs(all);
	return ST_OK;
}

static size_t count_words(const char *text)
{
	struct str rest = str_c(text), word;
	size_t n = 0;

	while (str_word(&rest, ", \t\r\n", &word))
		n++;
	return n;
}

static enum st check_protocols(const char *text, struct err *e)
{
	static const char *const known[] = { "all", "ipv4", "ipv6" };
	struct str rest = str_c(text), word;
	size_t i;

	while (str_word(&rest, ", \t\r\n", &word)) {
		for (i = 0; i < NELEM(known) && !str_eqc(word, known[i]); i++)
			continue;
		if (i == NELEM(known))
			return err_temp(e, "4.3.5",
			    "unknown inet_protocols value \"%.*s\" in \"%s\"",
			    STR_ARG(word), text);
	}
	return ST_OK;
}

static enum st mynetworks(struct conf *c, struct buf *out, struct err *e)
{
	static const char *const styles[] = { "host", "subnet", "class" };
	const char *style, *protocols;
	struct choice how;
	size_t i;
	enum st st;

	st = conf_str(c, "mynetworks_style", &style, e);
	if (st == ST_OK)
		st = conf_str(c, "inet_interfaces", &how.interfaces, e);
	if (st == ST_OK)
		st = conf_str(c, "inet_protocols", &protocols, e);
	if (st == ST_OK)
		st = check_protocols(protocols, e);
	if (st != ST_OK)
		return st;
	how.protocols = str_c(protocols);
	for (i = 0; i < NELEM(styles); i++) {
		how.style = (enum style)i;
		if (strcmp(style, styles[i]) == 0)
			return networks_by(&how, out, e);
	}
	if (count_words(style) != 1)
		return err_temp(e, "4.3.5",
		    "bad mynetworks_style value: %s; specify exactly one value",
		    style);
	return err_temp(e, "4.3.5",
	    "unknown mynetworks mask style value \"%s\" in \"%s\"", style,
	    style);
}

enum st machine_default(struct conf *c, const char *name, struct buf *out,
    struct err *e)
{
	static const struct {
		const char *name;
		enum st (*add)(struct conf *c, struct buf *out, struct err *e);
	} known[] = {
		{ "mydomain", mydomain },
		{ "myhostname", myhostname },
		{ "mynetworks", mynetworks },
		{ "process_id", process_id },
		{ "process_name", process_name },
	};
	size_t i;

	for (i = 0; i < NELEM(known); i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].add(c, out, e);
	return ST_NONE;
}
