/* master_cf - the inet smtpd services of a master.cf. Runs in: monitor. */

#include "vdeliver/master_cf.h"

#include "base/log.h"
#include "conf/master.h"

/* "all" and "loopback-only" are no host names. */
static void add_hosts(const struct settings *set, const char *scheme,
    struct str port, struct buf *out)
{
	struct str list = str_c(set->inet_interfaces), host;

	while (str_word(&list, ", \t\r\n", &host)) {
		if (str_ieqc(host, "all"))
			host = STR("");
		else if (str_ieqc(host, "loopback-only"))
			host = STR("localhost");
		if (str_find(host, ':') >= 0 && *host.p != '[')
			buf_addf(out, "%sinet:[%.*s]:%.*s ", scheme,
			    STR_ARG(host), STR_ARG(port));
		else
			buf_addf(out, "%sinet:%.*s:%.*s ", scheme,
			    STR_ARG(host), STR_ARG(port));
	}
}

/* An -o of the service: only that it speaks TLS from the first octet counts,
 * as what is said to clients is the same on all ports. */
static bool is_wrapped(const struct master_entry *it)
{
	bool wrapped = false;

	master_options(o, it) {
		if (str_eqc(o->name, "smtpd_tls_wrappermode")) {
			wrapped = str_ieqc(o->value, "yes");
			continue;
		}
		log_warn("master.cf: service %.*s: -o %.*s=%.*s is not used: "
			 "all ports share main.cf",
		    STR_ARG(it->field[MF_SERVICE]), STR_ARG(o->name),
		    STR_ARG(o->value));
	}
	return wrapped;
}

static void add_entry(const struct settings *set, const struct master_entry *it,
    struct buf *out)
{
	struct str service = it->field[MF_SERVICE];
	const char *scheme;

	if (!str_eqc(it->field[MF_TYPE], "inet") ||
	    !str_eqc(it->field[MF_COMMAND], "smtpd"))
		return;
	scheme = is_wrapped(it) ? "smtps:" : "";
	if (str_find(service, ':') >= 0)
		buf_addf(out, "%sinet:%.*s ", scheme, STR_ARG(service));
	else
		add_hosts(set, scheme, service, out);
}

enum st master_cf_listen(const struct settings *set, struct buf *out,
    struct err *e)
{
	struct master_cf m;
	enum st st = master_cf_read(&m, set->config_directory, e);

	if (st == ST_OK)
		list_foreach(p, &m.entries)
			add_entry(set,
			    CONTAINER_OF(p, struct master_entry, link), out);
	master_cf_clear(&m);
	if (st == ST_NONE || (st == ST_OK && out->n == 0))
		buf_addc(out, "inet:127.0.0.1:2525");
	return st == ST_NONE ? ST_OK : st;
}
