/* options - rows and values. */

#include "fetcher/options.h"

#include <string.h>

static const struct option_row rows[] = {
#define OPTION(id, key, scope, type, def, lng, sht, done) \
	{ OPT_##id, key, SCOPE_##scope, TYPE_##type, def, lng, sht, done },
#define ALIAS(id, key)
#include "fetcher/options.def"
#undef OPTION
#undef ALIAS
};

static const struct {
	enum option_id id;
	const char *keyword;
} aliases[] = {
#define OPTION(id, key, scope, type, def, lng, sht, done)
#define ALIAS(id, key) { OPT_##id, key },
#include "fetcher/options.def"
#undef OPTION
#undef ALIAS
};

static const struct {
	enum option_type type;
	const char *word;
	int64_t num;
} words[] = {
	{ TYPE_PROTO, "auto", PROTO_AUTO },
	{ TYPE_PROTO, "pop3", PROTO_POP3 },
	{ TYPE_PROTO, "imap", PROTO_IMAP },
	{ TYPE_PROTO, "apop", PROTO_APOP },
	{ TYPE_PROTO, "etrn", PROTO_ETRN },
	{ TYPE_PROTO, "odmr", PROTO_ODMR },
	{ TYPE_PROTO, "sdps", PROTO_SDPS },
	{ TYPE_PROTO, "kpop", PROTO_KPOP },
	{ TYPE_PROTO, "rpop", PROTO_RPOP },
	{ TYPE_AUTH, "any", AUTH_ANY },
	{ TYPE_AUTH, "password", AUTH_PASSWORD },
	{ TYPE_AUTH, "cram-md5", AUTH_CRAM_MD5 },
	{ TYPE_AUTH, "cram", AUTH_CRAM_MD5 },
	{ TYPE_AUTH, "ntlm", AUTH_NTLM },
	{ TYPE_AUTH, "otp", AUTH_OTP },
	{ TYPE_AUTH, "opie", AUTH_OTP },
	{ TYPE_AUTH, "gssapi", AUTH_GSSAPI },
	{ TYPE_AUTH, "kerberos", AUTH_KERBEROS },
	{ TYPE_AUTH, "kerberos_v4", AUTH_KERBEROS },
	{ TYPE_AUTH, "kerberos_v5", AUTH_KERBEROS },
	{ TYPE_AUTH, "kerberos4", AUTH_KERBEROS },
	{ TYPE_AUTH, "kerberos5", AUTH_KERBEROS },
	{ TYPE_AUTH, "msn", AUTH_MSN },
	{ TYPE_AUTH, "ssh", AUTH_SSH },
	{ TYPE_AUTH, "implicit", AUTH_SSH },
	{ TYPE_AUTH, "external", AUTH_EXTERNAL },
	{ TYPE_AUTH, "plain", AUTH_PLAIN },
	{ TYPE_AUTH, "login", AUTH_LOGIN },
	{ TYPE_AUTH, "scram-sha-1", AUTH_SCRAM_SHA_1 },
	{ TYPE_AUTH, "scram-sha-256", AUTH_SCRAM_SHA_256 },
	{ TYPE_AUTH, "oauthbearer", AUTH_OAUTHBEARER },
	{ TYPE_AUTH, "xoauth2", AUTH_XOAUTH2 },
	{ TYPE_TLS, "required", TLS_WORD_REQUIRED },
	{ TYPE_TLS, "optional", TLS_WORD_OPTIONAL },
	{ TYPE_TLS, "none", TLS_WORD_NONE },
	{ TYPE_TLS, "implicit", TLS_WORD_IMPLICIT },
	{ TYPE_TRACK, "uid", 1 },
	{ TYPE_TRACK, "flags", 0 },
	{ TYPE_RETR, "abort", RETRIEVE_ABORT },
	{ TYPE_RETR, "continue", RETRIEVE_CONTINUE },
	{ TYPE_RETR, "markseen", RETRIEVE_MARKSEEN },
	{ TYPE_BADH, "accept", 1 },
	{ TYPE_BADH, "reject", 0 },
};

const struct option_row *option_row(enum option_id id)
{
	return &rows[id];
}

const struct option_row *option_find(struct str keyword)
{
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (str_eqc(keyword, rows[i].keyword))
			return &rows[i];
	for (i = 0; i < NELEM(aliases); i++)
		if (str_eqc(keyword, aliases[i].keyword))
			return &rows[aliases[i].id];
	return NULL;
}

int64_t option_word(enum option_type type, struct str word)
{
	size_t i;

	for (i = 0; i < NELEM(words); i++)
		if (words[i].type == type && str_ieqc(word, words[i].word))
			return words[i].num;
	return -1;
}

const char *option_word_of(enum option_type type, int64_t num)
{
	size_t i;

	for (i = 0; i < NELEM(words); i++)
		if (words[i].type == type && words[i].num == num)
			return words[i].word;
	return NULL;
}

const char *protocol_name(enum protocol p)
{
	static const char *const names[] = { "auto", "POP3", "IMAP", "APOP",
		"ETRN", "ODMR", "SDPS", "KPOP", "RPOP" };

	return names[p];
}

void options_set_num(struct options *o, enum option_id id, int64_t num)
{
	o->v[id].set = true;
	o->v[id].num = num;
}

void options_set_text(struct options *o, enum option_id id, struct str text,
    struct arena *a)
{
	o->v[id].set = true;
	o->v[id].text = arena_strz(a, text);
}

static void append(struct option_value *v, struct option_item *item)
{
	struct option_item **end = &v->list;

	while (*end != NULL)
		end = &(*end)->next;
	*end = item;
}

void options_add(struct options *o, enum option_id id, struct str text,
    struct str remote, int64_t num, struct arena *a)
{
	struct option_item *item = arena_alloc(a, sizeof(*item));

	item->text = arena_strz(a, text);
	item->remote = arena_strz(a, remote);
	item->num = num;
	o->v[id].set = true;
	append(&o->v[id], item);
}

static void copy_list(struct options *o, enum option_id id,
    const struct option_item *from, struct arena *a)
{
	for (; from != NULL; from = from->next)
		options_add(o, id, str_c(from->text), str_c(from->remote),
		    from->num, a);
}

void options_merge(struct options *o, const struct options *over, bool add,
    struct arena *a)
{
	size_t i;

	for (i = 0; i < OPT_COUNT; i++) {
		if (!over->v[i].set)
			continue;
		o->v[i].set = true;
		o->v[i].num = over->v[i].num;
		o->v[i].text = over->v[i].text;
		if (over->v[i].list == NULL)
			continue;
		if (!add)
			o->v[i].list = NULL;
		copy_list(o, (enum option_id)i, over->v[i].list, a);
	}
}

int64_t opt_num(const struct options *o, enum option_id id)
{
	return o->v[id].set ? o->v[id].num : rows[id].def;
}

bool opt_flag(const struct options *o, enum option_id id)
{
	return opt_num(o, id) != 0;
}

const char *opt_text(const struct options *o, enum option_id id)
{
	return o->v[id].set ? o->v[id].text : NULL;
}

const struct option_item *opt_list(const struct options *o, enum option_id id)
{
	return o->v[id].list;
}

bool opt_is_set(const struct options *o, enum option_id id)
{
	return o->v[id].set;
}

int64_t opt_keep_days(const struct options *o)
{
	int64_t keep = opt_num(o, OPT_KEEP);

	return keep > 1 ? keep - 1 : 0;
}

bool opt_stripcr(const struct options *o)
{
	return opt_is_set(o, OPT_STRIPCR) ? opt_flag(o, OPT_STRIPCR)
					  : opt_text(o, OPT_MDA) != NULL;
}
