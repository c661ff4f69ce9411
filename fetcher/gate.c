/* gate - interfaces and commands around a poll. */

#include "fetcher/gate.h"

#include "base/spawn.h"
#include "fetcher/iface.h"
#include "fetcher/report.h"

/* Two polls see the same count: nobody uses the line. */
static bool has_traffic(const struct account *a)
{
	const char *device = opt_text(&a->o, OPT_MONITOR);
	uint64_t now;

	if (device == NULL || !a->packets_known ||
	    !iface_packets(device, &now) || now != a->packets)
		return true;
	report_note("skipping poll of %s, %s inactive", a->label, device);
	return false;
}

bool gate_is_open(const struct account *a, bool daemon)
{
	const char *spec = opt_text(&a->o, OPT_INTERFACE);
	struct err e;

	if (spec != NULL && iface_approve(spec, &e) != ST_OK) {
		report_note("skipping poll of %s, %s", a->label, e.text);
		return false;
	}
	return !daemon || has_traffic(a);
}

void gate_polled(struct account *a)
{
	const char *device = opt_text(&a->o, OPT_MONITOR);

	if (device != NULL)
		a->packets_known = iface_packets(device, &a->packets);
}

/* -1 when it could not be waited for; a missing command is 0. */
static bool command_failed(const struct account *a, enum option_id id,
    const char *what)
{
	const char *command = opt_text(&a->o, id);
	int64_t seconds = opt_num(&a->o, OPT_TIMEOUT);
	struct spawn p;
	struct err e;
	int status;

	if (command == NULL)
		return false;
	if (spawn_shell(&p, command, NULL, &e) != ST_OK ||
	    spawn_wait(&p, (seconds > 0 ? seconds : 300) * 1000, &status, &e) !=
		ST_OK) {
		report_error("%s command: %s", what, e.text);
		return true;
	}
	if (status != 0)
		report_error("%s command failed with status %d", what, status);
	return status != 0;
}

enum status gate_poll(const struct account *a, const struct poll_how *how)
{
	enum status st = PS_SYNTAX;

	if (!command_failed(a, OPT_PRECONNECT, "pre-connection"))
		st = poll_account(a, how);
	if (command_failed(a, OPT_POSTCONNECT, "post-connection") &&
	    st == PS_SUCCESS)
		st = PS_SYNTAX;
	return st;
}
