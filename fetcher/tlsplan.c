/* tlsplan - the decisions of server.c in words. */

#include "fetcher/tlsplan.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "fetcher/method.h"
#include "fetcher/proto.h"
#include "fetcher/server.h"

struct tlsplan {
	struct buf *out;
	const struct account *a;
	const struct proto_ops *ops;
	enum tls_want want;
	bool loopback; /* by its name: nobody is asked */
	unsigned step;
};

static void add_step(struct tlsplan *p, const char *text)
{
	buf_addf(p->out, "  %u. %s\n", ++p->step, text);
}

static bool is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 &&
	    IN6_IS_ADDR_LOOPBACK(&six);
}

static void say_port(struct tlsplan *p)
{
	AUTO_BUF text = BUF_MAX(1024);
	const char *port = opt_text(&p->a->o, OPT_SERVICE);
	bool wrapped = p->want == TLS_WRAPPED;

	buf_setf(&text, "Connect to %s, port %s: %s.", p->a->host,
	    port != NULL  ? port
		: wrapped ? p->ops->ssl_port
			  : p->ops->port,
	    port != NULL  ? "the one that is named"
		: wrapped ? "the one of the protocol with TLS"
			  : "the one of the protocol");
	add_step(p, buf_c(&text));
}

/* The option that decides; in the order of server_tls_want(). */
static const char *reason(const struct tlsplan *p)
{
	const struct options *o = &p->a->o;

	if (opt_is_set(o, OPT_TLS))
		return option_word_of(TYPE_TLS, opt_num(o, OPT_TLS));
	if (opt_flag(o, OPT_SSL))
		return "ssl";
	if (opt_text(o, OPT_SSLPROTO) != NULL)
		return opt_text(o, OPT_SSLPROTO)[0] != '\0' ? "sslproto"
							    : "sslproto ''";
	if (opt_text(o, OPT_SSLFINGERPRINT) != NULL)
		return "sslfingerprint";
	if (opt_flag(o, OPT_SSLCERTCK))
		return "sslcertck";
	return "no sslcertck";
}

static void say_start(struct tlsplan *p)
{
	static const struct {
		const char *before, *after; /* the verb */
	} texts[] = {
		[TLS_NEVER] = { "There is no TLS: ",
		    " is not used, even if it is offered" },
		[TLS_MAY] = { "TLS begins if the server offers ",
		    "; else there is none" },
		[TLS_MUST] = { "The server must offer ",
		    ", and TLS must come about; else the poll ends with "
		    "status 2, before the password is sent" },
		[TLS_WRAPPED] = { "TLS begins with the first octet, without ",
		    "" },
	};
	AUTO_BUF text = BUF_MAX(1024);
	bool word = opt_is_set(&p->a->o, OPT_TLS);

	buf_setf(&text, "%s%s%s. It is so because of: %s%s.",
	    texts[p->want].before, p->ops->tls_verb, texts[p->want].after,
	    word ? "tls " : "", reason(p));
	if (p->loopback && p->want == TLS_MAY && !word &&
	    opt_flag(&p->a->o, OPT_SSLCERTCK))
		buf_addc(&text, " (It is this machine: elsewhere it must.)");
	add_step(p, buf_c(&text));
}

static void say_version(struct tlsplan *p)
{
	AUTO_BUF text = BUF_MAX(1024);
	const char *word = opt_text(&p->a->o, OPT_SSLPROTO);

	buf_setf(&text, "Its version: %s.",
	    word != NULL && word[0] != '\0' && strcmp(word, "auto") != 0
		? word
		: "TLS 1.2 or later");
	add_step(p, buf_c(&text));
}

static void say_certificate(struct tlsplan *p)
{
	AUTO_BUF text = BUF_MAX(8192);
	const struct options *o = &p->a->o;
	const char *name = opt_text(o, OPT_SSLCOMMONNAME);
	const char *file = opt_text(o, OPT_SSLCERTFILE);
	const char *dir = opt_text(o, OPT_SSLCERTPATH);
	const char *print = opt_text(o, OPT_SSLFINGERPRINT);

	if (opt_flag(o, OPT_SSLCERTCK))
		buf_setf(&text,
		    "The certificate must be for %s, in date, and of a CA in "
		    "%s; else there is no TLS.",
		    name != NULL ? name : p->a->host,
		    file != NULL      ? file
			: dir != NULL ? dir
				      : "the system's list");
	else
		buf_addc(&text,
		    "The certificate is not verified (no sslcertck): anybody "
		    "may be at the other end.");
	if (print != NULL)
		buf_addf(&text, " Its fingerprint must be %s.", print);
	add_step(p, buf_c(&text));
	if (opt_text(o, OPT_SSLCERT) != NULL || opt_text(o, OPT_SSLKEY) != NULL)
		add_step(p, "Our own certificate is shown to the server.");
}

static void say_login(struct tlsplan *p)
{
	AUTO_BUF text = BUF_MAX(1024);
	const char *mech = method_name(p->a, 0);

	buf_setf(&text, "Log in by %s%s.", mech != NULL ? mech : "password",
	    mech != NULL && !method_is_named(p->a)
		? " or the like, where it is offered, else by password"
		: "");
	if (p->want == TLS_NEVER)
		buf_addc(&text,
		    " A password or token travels in clear text; say: tls "
		    "required, or tls implicit.");
	if (p->want == TLS_MAY && !p->loopback)
		buf_addc(&text,
		    " Without TLS a password travels in clear text; say: tls "
		    "required, or tls implicit.");
	add_step(p, buf_c(&text));
}

void tlsplan_text(struct buf *out, const struct account *a)
{
	int64_t protocol = opt_num(&a->o, OPT_PROTOCOL);
	bool pop3 = protocol == PROTO_POP3 || protocol == PROTO_APOP;
	bool loopback = is_loopback(a->host);
	struct tlsplan p = { out, a, pop3 ? &pop3_ops : &imap_ops,
		server_tls_want(a, loopback), loopback, 0 };

	buf_addf(out, "%s at %s:\n", a->user, a->label);
	if (protocol == PROTO_ETRN || protocol == PROTO_ODMR) {
		add_step(&p, "Connect without TLS: the protocol has none.");
		return;
	}
	if (protocol == PROTO_AUTO)
		add_step(&p, "Try IMAP, as follows; then POP3 likewise.");
	say_port(&p);
	say_start(&p);
	if (p.want != TLS_NEVER) {
		say_version(&p);
		say_certificate(&p);
	}
	say_login(&p);
}
