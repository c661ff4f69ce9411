/* plan - a poll in words. */

#include "fetcher/plan.h"

#include "fetcher/account.h"
#include "fetcher/host.h"
#include "fetcher/route.h"
#include "fetcher/server.h"

static void add_server(struct buf *out, const struct account *a)
{
	static const char *const tls[] = {
		[TLS_NEVER] = "without TLS: the password goes in clear text",
		[TLS_MAY] = "TLS when it is offered",
		[TLS_MUST] = "TLS must be offered (on loopback: may)",
		[TLS_WRAPPED] = "TLS from the first octet",
	};
	const char *port = opt_text(&a->o, OPT_SERVICE);

	buf_addf(out, "%s at %s:\n  server: %s%s%s, %s; %s, certificate %s\n",
	    a->user, a->label, a->host, port != NULL ? " port " : "",
	    port != NULL ? port : "",
	    protocol_name((enum protocol)opt_num(&a->o, OPT_PROTOCOL)),
	    tls[server_tls_want(a, false)],
	    opt_flag(&a->o, OPT_SSLCERTCK) ? "verified" : "not verified");
}

static void add_what(struct buf *out, const struct account *a)
{
	int64_t limit = opt_num(&a->o, OPT_LIMIT);
	int64_t most = opt_num(&a->o, OPT_FETCHLIMIT);

	buf_addf(out, "  fetch: %s",
	    opt_flag(&a->o, OPT_FETCHALL) ? "all messages" : "new messages");
	if (most > 0)
		buf_addf(out, ", %lld at most", (long long)most);
	if (limit > 0)
		buf_addf(out, "; those over %lld octets are %s",
		    (long long)limit,
		    opt_flag(&a->o, OPT_LIMITFLUSH) ? "deleted unread"
						    : "left");
	buf_addf(out, "; old ones are %s\n",
	    opt_flag(&a->o, OPT_FETCHALL)    ? "fetched, too"
		: opt_flag(&a->o, OPT_FLUSH) ? "deleted"
					     : "left");
}

static void add_names(struct buf *out, const struct account *a)
{
	const struct option_item *i = opt_list(&a->o, OPT_IS);

	if (route_is_multidrop(a)) {
		buf_addf(out,
		    "  to: who the header names; nobody found: \"%s\"\n",
		    host_postmaster(a));
		return;
	}
	buf_addf(out, "  to: %s\n", i != NULL ? i->text : calling_user());
}

static void add_way(struct buf *out, const struct account *a)
{
	const struct option_item *i = opt_list(&a->o, OPT_SMTPHOST);
	const char *mda = opt_text(&a->o, OPT_MDA);
	const char *bsmtp = opt_text(&a->o, OPT_BSMTP);

	if (bsmtp != NULL) {
		buf_addf(out, "  by: the BSMTP file %s\n", bsmtp);
	} else if (mda != NULL) {
		buf_addf(out, "  by: the command %s\n", mda);
	} else {
		buf_addf(out, "  by: %s at %s",
		    opt_flag(&a->o, OPT_LMTP) ? "LMTP" : "SMTP",
		    i != NULL ? i->text : "localhost");
		for (; i != NULL && i->next != NULL; i = i->next)
			buf_addf(out, ", or %s", i->next->text);
		buf_addch(out, '\n');
	}
}

void plan_text(struct buf *out, const struct account *a)
{
	add_server(out, a);
	add_what(out, a);
	add_names(out, a);
	add_way(out, a);
	buf_addf(out, "  then: %s on the server\n",
	    opt_flag(&a->o, OPT_KEEP) ? "left" : "deleted");
}
