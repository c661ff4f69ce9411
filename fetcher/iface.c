/* iface - interfaces by getifaddrs(3). Runs in: parent. Linux only. */

#include "fetcher/iface.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/str.h"

struct want {
	char device[IF_NAMESIZE];
	struct in_addr address, mask;
};

static bool address_of(struct str word, struct in_addr *a)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", STR_ARG(word));
	return word.n < sizeof(text) && inet_aton(text, a) != 0;
}

static enum st parse(const char *spec, struct want *w, struct err *e)
{
	struct str rest = str_c(spec), device, address;

	str_cut(&rest, '/', &device);
	str_cut(&rest, '/', &address);
	if (device.n == 0 || device.n >= sizeof(w->device))
		return err_temp(e, "", "interface %s: no device of that name",
		    spec);
	snprintf(w->device, sizeof(w->device), "%.*s", STR_ARG(device));
	if (address.n == 0)
		return err_temp(e, "", "missing IP interface address");
	if (!address_of(address, &w->address))
		return err_temp(e, "", "invalid IP interface address");
	w->mask.s_addr = INADDR_NONE; /* all bits count */
	if (rest.n != 0 && !address_of(rest, &w->mask))
		return err_temp(e, "", "invalid IP interface mask");
	return ST_OK;
}

enum st iface_check(const char *spec, struct err *e)
{
	struct want w;

	return parse(spec, &w, e);
}

static bool is_same(const struct want *w, const struct sockaddr *sa)
{
	struct sockaddr_in in;

	memcpy(&in, sa, sizeof(in));
	return ((in.sin_addr.s_addr ^ w->address.s_addr) & w->mask.s_addr) == 0;
}

enum st iface_approve(const char *spec, struct err *e)
{
	struct ifaddrs *list, *i;
	bool up = false, same = false;
	struct want w;

	if (parse(spec, &w, e) != ST_OK)
		return ST_TEMP;
	if (getifaddrs(&list) != 0)
		return err_temp(e, "", "%s: %m", spec);
	for (i = list; i != NULL; i = i->ifa_next) {
		if (strcmp(i->ifa_name, w.device) != 0 ||
		    (i->ifa_flags & IFF_UP) == 0 || i->ifa_addr == NULL ||
		    i->ifa_addr->sa_family != AF_INET)
			continue;
		up = true;
		same |= is_same(&w, i->ifa_addr);
	}
	freeifaddrs(list);
	if (!up)
		return err_temp(e, "", "%s down", spec);
	return same ? ST_OK : err_temp(e, "", "%s IP address excluded", spec);
}

bool iface_packets(const char *device, uint64_t *n)
{
	struct ifaddrs *list, *i;
	struct rtnl_link_stats stats;
	bool found = false;

	if (getifaddrs(&list) != 0)
		return false;
	for (i = list; i != NULL && !found; i = i->ifa_next) {
		if (strcmp(i->ifa_name, device) != 0 || i->ifa_addr == NULL ||
		    i->ifa_addr->sa_family != AF_PACKET || i->ifa_data == NULL)
			continue;
		memcpy(&stats, i->ifa_data, sizeof(stats));
		*n = (uint64_t)stats.rx_packets + stats.tx_packets;
		found = true;
	}
	freeifaddrs(list);
	return found;
}
