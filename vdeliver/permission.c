/* permission - smtpd_relay_restrictions. Runs in: monitor (to check), router. */

#include "vdeliver/permission.h"

#include "base/log.h"

/* Nobody logs in with us, and the address is not ours, or it were not asked. */
static const struct item {
	const char *name;
	enum effect {
		EFFECT_NONE,
		EFFECT_MYNETWORKS,
		EFFECT_PERMIT,
		EFFECT_REFUSE,
	} effect;
	enum permission how; /* EFFECT_REFUSE */
} items[] = {
	{ "permit_mynetworks", EFFECT_MYNETWORKS, 0 },
	{ "permit_sasl_authenticated", EFFECT_NONE, 0 },
	{ "permit_auth_destination", EFFECT_NONE, 0 },
	{ "permit", EFFECT_PERMIT, 0 },
	{ "reject_unauth_destination", EFFECT_REFUSE, PERMISSION_DENIED },
	{ "defer_unauth_destination", EFFECT_REFUSE, PERMISSION_DEFERRED },
	{ "reject", EFFECT_REFUSE, PERMISSION_REJECT },
	{ "defer", EFFECT_REFUSE, PERMISSION_DEFER },
};

static const struct item *find(struct str name)
{
	size_t i;

	for (i = 0; i < NELEM(items); i++)
		if (str_ieqc(name, items[i].name))
			return &items[i];
	return NULL;
}

enum st permission_check(const char *text, struct err *e)
{
	struct str list = str_c(text), word;
	const struct item *item;
	bool refuses = false, open = false; /* open: nothing after it counts */

	while (str_word(&list, ", \t\r\n", &word)) {
		item = find(word);
		if (item != NULL) {
			open |= item->effect == EFFECT_PERMIT;
			refuses |= item->effect == EFFECT_REFUSE && !open;
		} else if (str_istarts(word, STR("permit_"))) {
			log_warn("smtpd_relay_restrictions: %.*s is not "
				 "supported, and permits nobody",
			    STR_ARG(word));
		} else {
			return err_temp(e, "",
			    "smtpd_relay_restrictions: %.*s is not supported",
			    STR_ARG(word));
		}
	}
	if (!refuses)
		return err_temp(e, "",
		    "in parameter smtpd_relay_restrictions, specify at least "
		    "one working instance of: reject_unauth_destination, "
		    "defer_unauth_destination, reject, defer");
	return ST_OK;
}

enum permission permission_of(const char *text, bool trusted, bool unknown)
{
	struct str list = str_c(text), word;
	const struct item *item;

	while (str_word(&list, ", \t\r\n", &word)) {
		item = find(word);
		if (item == NULL || item->effect == EFFECT_NONE)
			continue;
		if (item->effect == EFFECT_REFUSE)
			return item->how;
		if (item->effect == EFFECT_PERMIT || trusted)
			return PERMISSION_GIVEN;
		if (unknown)
			return PERMISSION_UNKNOWN;
	}
	return PERMISSION_DEFERRED;
}
