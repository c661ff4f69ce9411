/*
 * settings_lists - lists of clients and commands.
 * Runs in: monitor (its children inherit them).
 */

#include "vdeliver/settings_lists.h"

#include <string.h>

#include "base/log.h"
#include "conf/machine.h"
#include "map/list.h"
#include "map/map.h"
#include "map/match_list.h"

enum st settings_networks(struct settings *s, struct err *e)
{
	AUTO_BUF text = BUF_MAX(100000);

	if (conf_raw(s->conf, "mynetworks") != NULL)
		return ST_OK;
	if (machine_default(s->conf, "mynetworks", &text, e) != ST_OK)
		return ST_TEMP;
	return conf_keep(s->conf, buf_str(&text), &s->mynetworks, e);
}

/* "$mynetworks" in them is what was found above, not the empty default. */
static void default_client_lists(struct settings *s)
{
	const struct {
		const char *name;
		const char **list;
	} lists[] = {
		{ "smtpd_forbid_bare_newline_exclusions",
		    &s->smtpd_forbid_bare_newline_exclusions },
		{ "smtpd_client_event_limit_exceptions",
		    &s->smtpd_client_event_limit_exceptions },
	};
	const char *raw;
	size_t i;

	for (i = 0; i < NELEM(lists); i++) {
		raw = conf_raw(s->conf, lists[i].name);
		if (raw == NULL ? lists[i].list[0][0] == '\0'
				: strcmp(raw, "$mynetworks") == 0)
			*lists[i].list = s->mynetworks;
	}
}

/* Items of local_header_rewrite_clients; nobody logs in here. */
static bool is_known_client(struct str item)
{
	static const char *const known[] = { "permit_inet_interfaces",
		"permit_mynetworks", "permit_sasl_authenticated",
		"permit_tls_clientcerts", "permit_tls_all_clientcerts" };
	size_t i;

	for (i = 0; i < NELEM(known); i++)
		if (str_ieqc(item, known[i]))
			return true;
	return false;
}

static enum st rewrite_tables(struct settings *s, struct err *e)
{
	struct str list = str_c(s->local_header_rewrite_clients), item;
	AUTO_BUF tables = BUF_MAX(100000);

	while (list_item(&list, &item)) {
		if (is_known_client(item))
			continue;
		if (str_ieqc(item, "check_address_map") &&
		    !list_item(&list, &item))
			break;
		if (str_find(item, ':') > 0)
			buf_addf(&tables, " %.*s", STR_ARG(item));
		else
			log_warn("local_header_rewrite_clients: %.*s is not "
				 "supported, and matches nobody",
			    STR_ARG(item));
	}
	return conf_keep(s->conf, buf_str(&tables), &s->rewrite_tables, e);
}

static enum st foreign(struct settings *s, struct err *e)
{
	struct str list = str_c(s->smtpd_forbidden_commands);

	s->foreign = match_list_open("smtpd_forbidden_commands", list,
	    MATCH_DOMAIN, MAP_FOLD);
	if (match_list_in_memory(s->foreign))
		return ST_OK;
	return err_temp(e, "",
	    "smtpd_forbidden_commands: only words and tables of the types "
	    "regexp, pcre, cidr, inline and static that can be opened are "
	    "supported");
}

enum st settings_lists(struct settings *s, struct err *e)
{
	default_client_lists(s);
	if (rewrite_tables(s, e) != ST_OK)
		return ST_TEMP;
	return foreign(s, e);
}

void settings_lists_clear(struct settings *s)
{
	match_list_close(s->foreign);
	s->foreign = NULL;
}
