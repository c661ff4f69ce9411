/* dump - keys and values as Python or JSON. */

#include "fetcher/dump.h"

#include <string.h>

#include "base/utf8.h"

enum level {
	TOP,
	SERVER,
	USER,
};

/* A key: the value of an option, or a function's. */
struct dump;
typedef void value_fn(struct dump *d, const struct account *a);
struct key {
	enum level level;
	const char *name;
	enum option_id id;
	value_fn *value;
	bool if_set; /* left out otherwise */
};

struct dump {
	struct buf *out;
	enum dump_form form;
	const struct options *global;
	const struct dump_files *f;
	bool first; /* of its list or object: no comma before it */
};

/* --- values --------------------------------------------------------------- */

static void put_char(struct buf *out, unsigned char c, bool is_text, bool json)
{
	static const char plain[] = "\nn\tt\rr\bb\"\"\\\\";
	const char *p;

	for (p = plain; *p != '\0'; p += 2)
		if (c == (unsigned char)*p) {
			buf_addf(out, "\\%c", p[1]);
			return;
		}
	if (c >= ' ' && c != 0x7f && (c < 0x80 || is_text))
		buf_addch(out, (char)c);
	else
		buf_addf(out, json ? "\\u%04x" : "\\x%02x", c);
}

static void put_string(struct dump *d, const char *s)
{
	bool is_text = utf8_valid(str_c(s));

	buf_addch(d->out, '"');
	for (; *s != '\0'; s++)
		put_char(d->out, (unsigned char)*s, is_text,
		    d->form == DUMP_JSON);
	buf_addch(d->out, '"');
}

static void put_word(struct dump *d, const char *python, const char *json)
{
	buf_addc(d->out, d->form == DUMP_JSON ? json : python);
}

static void put_flag(struct dump *d, bool on)
{
	put_word(d, on ? "TRUE" : "FALSE", on ? "true" : "false");
}

/* NULL is None. */
static void put_text(struct dump *d, const char *s)
{
	if (s == NULL)
		put_word(d, "None", "null");
	else
		put_string(d, s);
}

static void put_list(struct dump *d, const struct option_item *i)
{
	buf_addch(d->out, '[');
	for (; i != NULL; i = i->next) {
		put_string(d, i->text);
		if (i->next != NULL)
			buf_addc(d->out, ", ");
	}
	buf_addch(d->out, ']');
}

static void put_one(struct dump *d, const char *only)
{
	buf_addch(d->out, '[');
	put_string(d, only);
	buf_addch(d->out, ']');
}

/* --- keys that are no option's value -------------------------------------- */

static void put_idfile(struct dump *d, const struct account *a UNUSED)
{
	put_text(d, d->f->ids);
}

static void put_postmaster(struct dump *d, const struct account *a UNUSED)
{
	put_text(d, d->f->postmaster);
}

static void put_label(struct dump *d, const struct account *a)
{
	put_text(d, a->label);
}

static void put_active(struct dump *d, const struct account *a)
{
	put_flag(d, a->active);
}

static void put_protocol(struct dump *d, const struct account *a)
{
	put_text(d, protocol_name((enum protocol)opt_num(&a->o, OPT_PROTOCOL)));
}

static bool is_push(const struct account *a)
{
	int64_t p = opt_num(&a->o, OPT_PROTOCOL);

	return p == PROTO_ETRN || p == PROTO_ODMR;
}

static void put_envelope(struct dump *d, const struct account *a)
{
	const char *name = opt_text(&a->o, OPT_ENVELOPE);

	if (!opt_is_set(&a->o, OPT_ENVELOPE))
		name = "Received";
	put_text(d, name != NULL && name[0] != '\0' ? name : NULL);
}

static void put_envskip(struct dump *d, const struct account *a)
{
	buf_addf(d->out, "%lld", (long long)opt_num(&a->o, OPT_ENVELOPE));
}

static void put_auth(struct dump *d, const struct account *a)
{
	put_text(d, option_word_of(TYPE_AUTH, opt_num(&a->o, OPT_AUTH)));
}

static void put_esmtpname(struct dump *d, const struct account *a)
{
	const char *name = opt_text(&a->o, OPT_ESMTPNAME);

	put_text(d, name != NULL ? name : d->f->caller);
}

static void put_secret(struct dump *d, const char *s)
{
	put_text(d, s != NULL && d->form == DUMP_JSON ? "*" : s);
}

static void put_esmtppassword(struct dump *d, const struct account *a)
{
	put_secret(d, opt_text(&a->o, OPT_ESMTPPASSWORD));
}

static void put_badheader(struct dump *d, const struct account *a)
{
	put_flag(d, opt_flag(&a->o, OPT_BADHEADER));
}

static void put_remote(struct dump *d, const struct account *a)
{
	put_text(d, a->user);
}

static void put_password(struct dump *d, const struct account *a)
{
	put_secret(d, a->password);
}

static void put_passwordeval(struct dump *d, const struct account *a UNUSED)
{
	put_text(d, "*"); /* it may hold one */
}

static void put_local(struct dump *d, const struct option_item *i)
{
	bool json = d->form == DUMP_JSON;

	if (i->remote[0] == '\0') {
		put_string(d, i->text);
		return;
	}
	buf_addch(d->out, json ? '[' : '(');
	put_string(d, i->remote);
	buf_addc(d->out, ", ");
	put_string(d, i->text);
	buf_addch(d->out, json ? ']' : ')');
}

/* Pairs and names, and the star last, whoever it stood with. */
static void put_locals(struct dump *d, const struct account *a)
{
	const struct option_item *list = opt_list(&a->o, OPT_IS), *i;
	bool star = false, any = false;

	buf_addch(d->out, '[');
	for (i = list; i != NULL; i = i->next) {
		if (strcmp(i->text, "*") == 0 && i->remote[0] == '\0') {
			star = true;
			continue;
		}
		if (any)
			buf_addc(d->out, ", ");
		put_local(d, i);
		any = true;
	}
	if (!any)
		put_string(d, d->f->caller);
	if (star)
		put_word(d, ", '*'", ", \"*\"");
	buf_addch(d->out, ']');
}

static void put_stripcr(struct dump *d, const struct account *a)
{
	put_flag(d, opt_stripcr(&a->o));
}

static void put_smtphosts(struct dump *d, const struct account *a)
{
	const struct option_item *i = opt_list(&a->o, OPT_SMTPHOST);

	if (i != NULL)
		put_list(d, i);
	else
		put_one(d, "localhost");
}

static void put_domains(struct dump *d, const struct account *a)
{
	const struct option_item *i = opt_list(&a->o, OPT_FETCHDOMAINS);

	if (i == NULL && is_push(a))
		put_one(d, d->f->fqdn);
	else
		put_list(d, i);
}

/* Numbers with blanks between them, a string. */
static void put_antispam(struct dump *d, const struct account *a)
{
	const struct option_item *i = opt_list(&a->o, OPT_ANTISPAM);

	put_word(d, "'", "\"");
	for (; i != NULL; i = i->next)
		buf_addf(d->out, "%lld%s", (long long)i->num,
		    i->next != NULL ? " " : "");
	put_word(d, "'", "\"");
}

/* fetchmail(1) lists no keys; the order is what 6.4 prints. */
static const struct key keys[] = {
	{ TOP, "poll_interval", OPT_DAEMON, NULL, false },
	{ TOP, "logfile", OPT_LOGFILE, NULL, false },
	{ TOP, "idfile", OPT_IDFILE, put_idfile, false },
	{ TOP, "postmaster", OPT_POSTMASTER, put_postmaster, false },
	{ TOP, "bouncemail", OPT_BOUNCEMAIL, NULL, false },
	{ TOP, "spambounce", OPT_SPAMBOUNCE, NULL, false },
	{ TOP, "softbounce", OPT_SOFTBOUNCE, NULL, false },
	{ TOP, "properties", OPT_PROPERTIES, NULL, false },
	{ TOP, "invisible", OPT_INVISIBLE, NULL, false },
	{ TOP, "showdots", OPT_SHOWDOTS, NULL, false },
	{ TOP, "syslog", OPT_SYSLOG, NULL, false },

	{ SERVER, "pollname", OPT_VIA, put_label, false },
	{ SERVER, "active", OPT_KEEP, put_active, false },
	{ SERVER, "via", OPT_VIA, NULL, false },
	{ SERVER, "protocol", OPT_VIA, put_protocol, false },
	{ SERVER, "service", OPT_SERVICE, NULL, false },
	{ SERVER, "timeout", OPT_TIMEOUT, NULL, false },
	{ SERVER, "interval", OPT_INTERVAL, NULL, false },
	{ SERVER, "envelope", OPT_VIA, put_envelope, false },
	{ SERVER, "envskip", OPT_INTERVAL, put_envskip, false },
	{ SERVER, "qvirtual", OPT_QVIRTUAL, NULL, false },
	{ SERVER, "auth", OPT_VIA, put_auth, false },
	{ SERVER, "dns", OPT_DNS, NULL, false },
	{ SERVER, "uidl", OPT_UIDL, NULL, false },
	{ SERVER, "aka", OPT_AKA, NULL, false },
	{ SERVER, "localdomains", OPT_LOCALDOMAINS, NULL, false },
	{ SERVER, "interface", OPT_INTERFACE, NULL, false },
	{ SERVER, "monitor", OPT_MONITOR, NULL, false },
	{ SERVER, "plugin", OPT_PLUGIN, NULL, false },
	{ SERVER, "plugout", OPT_PLUGOUT, NULL, false },
	{ SERVER, "principal", OPT_PRINCIPAL, NULL, false },
	{ SERVER, "esmtpname", OPT_ESMTPNAME, put_esmtpname, false },
	{ SERVER, "esmtppassword", OPT_ESMTPPASSWORD, put_esmtppassword, true },
	{ SERVER, "tracepolls", OPT_TRACEPOLLS, NULL, false },
	{ SERVER, "badheader", OPT_KEEP, put_badheader, false },

	{ USER, "remote", OPT_USER, put_remote, false },
	{ USER, "password", OPT_PASSWORD, put_password, false },
	{ USER, "passwordeval", OPT_PASSWORDEVAL, put_passwordeval, true },
	{ USER, "passwordfile", OPT_PASSWORDFILE, NULL, true },
	{ USER, "localnames", OPT_KEEP, put_locals, false },
	{ USER, "fetchall", OPT_FETCHALL, NULL, false },
	{ USER, "keep", OPT_KEEP, NULL, false },
	{ USER, "flush", OPT_FLUSH, NULL, false },
	{ USER, "limitflush", OPT_LIMITFLUSH, NULL, false },
	{ USER, "rewrite", OPT_REWRITE, NULL, false },
	{ USER, "stripcr", OPT_STRIPCR, put_stripcr, false },
	{ USER, "forcecr", OPT_FORCECR, NULL, false },
	{ USER, "pass8bits", OPT_PASS8BITS, NULL, false },
	{ USER, "dropstatus", OPT_DROPSTATUS, NULL, false },
	{ USER, "dropdelivered", OPT_DROPDELIVERED, NULL, false },
	{ USER, "mimedecode", OPT_MIMEDECODE, NULL, false },
	{ USER, "idle", OPT_IDLE, NULL, false },
	{ USER, "mda", OPT_MDA, NULL, false },
	{ USER, "bsmtp", OPT_BSMTP, NULL, false },
	{ USER, "lmtp", OPT_LMTP, NULL, false },
	{ USER, "preconnect", OPT_PRECONNECT, NULL, false },
	{ USER, "postconnect", OPT_POSTCONNECT, NULL, false },
	{ USER, "limit", OPT_LIMIT, NULL, false },
	{ USER, "warnings", OPT_WARNINGS, NULL, false },
	{ USER, "fetchlimit", OPT_FETCHLIMIT, NULL, false },
	{ USER, "fetchsizelimit", OPT_FETCHSIZELIMIT, NULL, false },
	{ USER, "fastuidl", OPT_FASTUIDL, NULL, false },
	{ USER, "batchlimit", OPT_BATCHLIMIT, NULL, false },
	{ USER, "ssl", OPT_SSL, NULL, false },
	{ USER, "sslkey", OPT_SSLKEY, NULL, false },
	{ USER, "sslcert", OPT_SSLCERT, NULL, false },
	{ USER, "sslproto", OPT_SSLPROTO, NULL, false },
	{ USER, "sslcertck", OPT_SSLCERTCK, NULL, false },
	{ USER, "sslcertfile", OPT_SSLCERTFILE, NULL, false },
	{ USER, "sslcertpath", OPT_SSLCERTPATH, NULL, false },
	{ USER, "sslcommonname", OPT_SSLCOMMONNAME, NULL, false },
	{ USER, "sslfingerprint", OPT_SSLFINGERPRINT, NULL, false },
	{ USER, "expunge", OPT_EXPUNGE, NULL, false },
	{ USER, "properties", OPT_PROPERTIES, NULL, false },
	{ USER, "smtphunt", OPT_SMTPHOST, put_smtphosts, false },
	{ USER, "fetchdomains", OPT_FETCHDOMAINS, put_domains, false },
	{ USER, "smtpaddress", OPT_SMTPADDRESS, NULL, false },
	{ USER, "smtpname", OPT_SMTPNAME, NULL, false },
	{ USER, "antispam", OPT_KEEP, put_antispam, false },
	{ USER, "mailboxes", OPT_FOLDER, NULL, false },
};

/* --- the whole ------------------------------------------------------------ */

static const char *const margins[] = { "    ", "\t    ", "\t\t    " };

/* Python has a comma behind each, JSON between them. */
static void begin_item(struct dump *d, enum level at)
{
	if (d->form == DUMP_JSON)
		buf_addf(d->out, "%s\n", d->first ? "" : ",");
	buf_addc(d->out, margins[at]);
	d->first = false;
}

static void end_item(struct dump *d)
{
	if (d->form == DUMP_PYTHON)
		buf_addc(d->out, ",\n");
}

static void put_name(struct dump *d, const struct key *k)
{
	enum option_type t = option_row(k->id)->type;
	bool single =
	    d->form == DUMP_PYTHON && (t == TYPE_FLAG || t == TYPE_NUM);
	char quote = single ? '\'' : '"';

	buf_addf(d->out, "%c%s%c:", quote, k->name, quote);
}

static void put_option(struct dump *d, const struct options *o,
    enum option_id id)
{
	switch (option_row(id)->type) {
	case TYPE_FLAG:
		put_flag(d, opt_flag(o, id));
		return;
	case TYPE_LIST:
		put_list(d, opt_list(o, id));
		return;
	case TYPE_STR:
	case TYPE_PATH:
		put_text(d, opt_text(o, id));
		return;
	case TYPE_NUM:
	case TYPE_NUMS:
	case TYPE_MAP:
	case TYPE_PROTO:
	case TYPE_AUTH:
	case TYPE_ENVEL:
	case TYPE_BADH:
	case TYPE_TLS:
	case TYPE_TRACK:
	case TYPE_RETR:
		break;
	}
	buf_addf(d->out, "%lld", (long long)opt_num(o, id));
}

static void put_keys(struct dump *d, enum level at, const struct account *a)
{
	const struct options *o = a != NULL ? &a->o : d->global;
	size_t i;

	for (i = 0; i < NELEM(keys); i++) {
		if (keys[i].level != at ||
		    (keys[i].if_set && !opt_is_set(o, keys[i].id)))
			continue;
		begin_item(d, at);
		put_name(d, &keys[i]);
		if (keys[i].value != NULL)
			keys[i].value(d, a);
		else
			put_option(d, o, keys[i].id);
		end_item(d);
	}
}

/* The key of a list of objects. */
static void begin_list(struct dump *d, enum level at, const char *name)
{
	begin_item(d, at);
	put_word(d, "'", "\"");
	buf_addc(d->out, name);
	put_word(d, "': [\n", "\": [");
	d->first = true;
}

static void begin_object(struct dump *d, const char *margin)
{
	if (d->form == DUMP_JSON)
		buf_addc(d->out, d->first ? "\n" : ",\n");
	buf_addf(d->out, "%s{", margin);
	put_word(d, "\n", "");
	d->first = true;
}

static void end_object(struct dump *d, const char *margin)
{
	put_word(d, "", "\n");
	buf_addf(d->out, "%s}", margin);
	end_item(d);
	d->first = false;
}

static void end_list(struct dump *d, const char *margin)
{
	put_word(d, "", "\n");
	buf_addf(d->out, "%s]", margin);
	put_word(d, "\n", "");
	d->first = false;
}

/* A record and its users; returns what comes after it. */
static const struct account *put_server(struct dump *d, const struct account *a)
{
	if (d->form == DUMP_PYTHON)
		buf_addf(d->out, "\t# Server %s\n", a->label);
	begin_object(d, "\t");
	put_keys(d, SERVER, a);
	begin_list(d, SERVER, "users");
	do {
		begin_object(d, "\t\t");
		put_keys(d, USER, a);
		end_object(d, "\t\t");
		a = a->next;
	} while (a != NULL && a->number_in_record != 0);
	end_list(d, "\t    ");
	end_object(d, "\t");
	return a;
}

void dump_config(struct buf *out, enum dump_form form,
    const struct account *first, const struct options *global,
    const struct dump_files *f)
{
	struct dump d = { out, form, global, f, true };

	if (form == DUMP_PYTHON)
		buf_addf(out,
		    "TRUE=1; FALSE=0\n\n"
		    "os_type = 'linux'\n"
		    "feature_options = (%s)\n"
		    "fetchmailrc = ",
		    f->features);
	buf_addc(out, "{");
	put_word(&d, "\n", "");
	put_keys(&d, TOP, NULL);
	begin_list(&d, TOP, "servers");
	while (first != NULL)
		first = put_server(&d, first);
	end_list(&d, "    ");
	put_word(&d, "", "\n");
	buf_addc(out, "}\n");
}
