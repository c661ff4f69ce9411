/* refuse - codes to fates, logs and notices. */

#include "fetcher/refuse.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "fetcher/host.h"
#include "fetcher/report.h"

/* No notice is about it: the next poll begins with the postmaster. */
#define ORPHAN 400

void refuse_begin(struct refusals *r, const struct sink_mail *m)
{
	refuse_clear(r);
	r->m = m;
}

void refuse_clear(struct refusals *r)
{
	arena_clear(&r->arena);
	r->failed = NULL;
	r->n = r->room = 0;
	r->orphan = false;
}

bool refuse_is_spam(const struct refusals *r, int code)
{
	const struct option_item *list = opt_list(&r->a->o, OPT_ANTISPAM), *i;
	bool found = false;

	for (i = list; i != NULL; i = i->next) {
		if (i->num == -1)
			return false;
		found |= i->num == code;
	}
	return found;
}

bool refuse_is_temporary(const struct refusals *r, int code)
{
	return code / 100 != 5 && !refuse_is_spam(r, code);
}

/* "550-5.1.1 one\n550 5.1.1 two": as it came. */
static struct str whole(const struct smtp_reply *reply, struct arena *a)
{
	AUTO_BUF out = BUF_MAX(SMTP_REPLY_MAX * 6);
	struct str rest = buf_str(&reply->text), line;
	bool more;

	do {
		more = str_cut(&rest, '\n', &line);
		buf_addf(&out, "%03d%c%.*s%s", reply->code, more ? '-' : ' ',
		    STR_ARG(line), more ? "\n" : "");
	} while (more);
	return arena_str(a, buf_str(&out));
}

void refuse_log(const struct refusals *r, const struct smtp_reply *reply)
{
	AUTO_ARENA a = { 0 };
	struct str rest, line;
	bool more;

	if (refuse_is_spam(r, reply->code))
		return;
	rest = whole(reply, &a);
	more = str_cut(&rest, '\n', &line);
	report_error("%s error: %.*s", r->proto, STR_ARG(line));
	while (more) {
		more = str_cut(&rest, '\n', &line);
		report_bare_error("%.*s", STR_ARG(line));
	}
}

/* Remember whom the notice names. */
static void add_failed(struct refusals *r, const char *rcpt,
    const struct smtp_reply *reply)
{
	struct bounce_failed *bigger;
	size_t i;

	if (r->n == r->room) {
		r->room = r->room == 0 ? 4 : r->room * 2;
		bigger = arena_array(&r->arena, r->room, sizeof(*bigger));
		for (i = 0; i < r->n; i++)
			bigger[i] = r->failed[i];
		r->failed = bigger;
	}
	r->failed[r->n].address = arena_strz(&r->arena, str_c(rcpt));
	r->failed[r->n++].reply = whole(reply, &r->arena);
}

void refuse_rcpt(struct refusals *r, const char *rcpt,
    const struct smtp_reply *reply)
{
	refuse_log(r, reply);
	/* 553 is the sender's own address or a relay: it tells nobody. */
	if (reply->code != 553 && !refuse_is_spam(r, reply->code))
		add_failed(r, rcpt, reply);
}

/* Who hears of it: the sender, or, where that was not wanted, the postmaster
 * of what he would not see otherwise; "" for nobody. */
static const char *notice_to(const struct refusals *r,
    enum bounce_reason reason, char address[SINK_ADDRESS])
{
	const char *postmaster = host_postmaster(r->a);

	if (!bounce_allowed(str_c(r->m->sender)))
		return "";
	if (opt_flag(r->a->global, OPT_BOUNCEMAIL))
		return r->m->sender;
	if ((reason != BOUNCE_ADDRESSES && reason != BOUNCE_SPAM) ||
	    postmaster[0] == '\0')
		return "";
	sink_address(r->a, r->host, postmaster, address);
	return address;
}

static int code_of(const struct bounce_failed *f)
{
	uint64_t code;

	return num_u64(str_head(f->reply, 3), 599, &code) ? (int)code : 0;
}

void refuse_tell(struct refusals *r, enum bounce_reason reason)
{
	static unsigned long sent;
	char address[SINK_ADDRESS];
	struct bounce b = { .reason = reason,
		.to = notice_to(r, reason, address),
		.fqdn = host_fqdn(),
		.failed = r->failed,
		.failed_n = r->n,
		.header = r->m->header,
		.now = clock_seconds() };
	const struct sink_notices *book = r->m->notices;
	struct err e;
	int code;

	if (r->n == 0 || b.to[0] == '\0')
		return;
	code = code_of(&r->failed[0]);
	if (book != NULL && book->had(book->arg, code))
		return;
	b.serial = (unsigned long)getpid() * 1000 + sent++;
	if (bounce_send(&b, r->entry, &e) != ST_OK) {
		report_error("notice to %s could not be sent: %s", b.to,
		    e.text);
		return;
	}
	report_error("mail from MAILER-DAEMON@%s bounced to %s", b.fqdn, b.to);
	if (book != NULL)
		book->sent(book->arg, code);
}

/* A notice about all recipients, with one reply. */
static void tell_all(struct refusals *r, enum bounce_reason reason,
    const struct smtp_reply *reply)
{
	char address[SINK_ADDRESS];
	size_t i;

	r->n = 0;
	for (i = 0; i < r->m->rcpt_n; i++) {
		sink_address(r->a, r->host, r->m->rcpt[i], address);
		add_failed(r, address, reply);
	}
	refuse_tell(r, reason);
}

enum fate refuse_fate(const struct refusals *r)
{
	return opt_flag(r->a->global, OPT_SOFTBOUNCE) ? FATE_KEEP : FATE_DELETE;
}

static void tell_message(struct refusals *r, const struct smtp_reply *reply)
{
	if (refuse_is_spam(r, reply->code)) {
		if (opt_flag(r->a->global, OPT_SPAMBOUNCE))
			tell_all(r, BOUNCE_SPAM, reply);
	} else if (reply->code == 552) {
		tell_all(r, BOUNCE_TOO_LARGE, reply);
	} else if (reply->code != 553) {
		tell_all(r, BOUNCE_GENERAL, reply);
	}
}

/* Deleting it would leave no trace of it anywhere. */
static bool loses_it(const struct refusals *r, int code)
{
	return !opt_flag(r->a->global, OPT_BOUNCEMAIL) && code != 553 &&
	    !refuse_is_spam(r, code);
}

enum fate refuse_message(struct refusals *r, enum stage at,
    const struct smtp_reply *reply)
{
	refuse_log(r, reply);
	if (at == AT_MAIL && reply->code == 530) {
		report_info("SMTP server requires STARTTLS, keeping message.");
		return FATE_KEEP;
	}
	if (refuse_is_temporary(r, reply->code))
		return FATE_KEEP;
	tell_message(r, reply);
	if (at == AT_DOT)
		report_error("%s listener refused delivery", r->proto);
	if (refuse_fate(r) == FATE_KEEP || !loses_it(r, reply->code))
		return refuse_fate(r);
	/* The postmaster gets the mail itself, and no notice about it. */
	r->n = 0;
	r->orphan = true;
	return FATE_KEEP;
}

bool refuse_orphaned(const struct refusals *r)
{
	const struct sink_notices *book = r->m->notices;

	return book != NULL && !opt_flag(r->a->global, OPT_BOUNCEMAIL) &&
	    refuse_fate(r) == FATE_DELETE && book->had(book->arg, ORPHAN);
}

void refuse_stays(const struct refusals *r, enum stage at)
{
	const struct sink_notices *book = r->m->notices;

	report_error("it stays on the server, because with \"no "
		     "bouncemail\" nobody would hear of it");
	if (at == AT_DOT && book != NULL && !book->had(book->arg, ORPHAN))
		book->sent(book->arg, ORPHAN);
}
