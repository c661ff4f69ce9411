/* settings - options as lines of the rc language. */

#include "fetcher/settings.h"

#include "fetcher/options.h"

void settings_quote(struct buf *out, const char *s)
{
	buf_addch(out, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < ' ' || c == '"' || c == '\\' || c == 0x7f)
			buf_addf(out, "\\x%02x", c);
		else
			buf_addch(out, *s);
	}
	buf_addch(out, '"');
}

static bool is_secret(enum option_id id)
{
	return id == OPT_PASSWORD || id == OPT_ESMTPPASSWORD ||
	    id == OPT_PASSWORDEVAL; /* it may hold one */
}

static void add_list(struct buf *out, const struct option_row *r,
    const struct option_item *i)
{
	buf_addc(out, r->keyword);
	for (; i != NULL; i = i->next) {
		buf_addch(out, ' ');
		if (r->type == TYPE_NUMS) {
			buf_addf(out, "%lld", (long long)i->num);
			continue;
		}
		if (i->remote[0] != '\0') {
			settings_quote(out, i->remote);
			buf_addch(out, '=');
		}
		settings_quote(out, i->text);
	}
}

static void add_envelope(struct buf *out, const struct option_value *v)
{
	if (v->text == NULL || v->text[0] == '\0') {
		buf_addc(out, "no envelope");
		return;
	}
	buf_addc(out, "envelope ");
	if (v->num != 0)
		buf_addf(out, "%lld ", (long long)v->num);
	settings_quote(out, v->text);
}

static void add_text(struct buf *out, const struct option_row *r,
    const char *text)
{
	buf_addf(out, "%s ", r->keyword);
	if (is_secret(r->id))
		buf_addch(out, '*');
	else
		settings_quote(out, text != NULL ? text : "");
}

static void add_option(struct buf *out, const struct option_row *r,
    const struct options *o)
{
	int64_t num = opt_num(o, r->id);

	switch (r->type) {
	case TYPE_FLAG:
		buf_addf(out, "%s%s", num != 0 ? "" : "no ", r->keyword);
		if (r->id == OPT_KEEP && opt_keep_days(o) != 0)
			buf_addf(out, " %lld days",
			    (long long)opt_keep_days(o));
		return;
	case TYPE_NUM:
		buf_addf(out, "%s %lld", r->keyword, (long long)num);
		return;
	case TYPE_STR:
	case TYPE_PATH:
		add_text(out, r, opt_text(o, r->id));
		return;
	case TYPE_LIST:
	case TYPE_NUMS:
	case TYPE_MAP:
		add_list(out, r, opt_list(o, r->id));
		return;
	case TYPE_ENVEL:
		add_envelope(out, &o->v[r->id]);
		return;
	case TYPE_PROTO:
	case TYPE_AUTH:
	case TYPE_BADH:
	case TYPE_TLS:
	case TYPE_TRACK:
	case TYPE_RETR:
		buf_addf(out, "%s %s", r->keyword,
		    option_word_of(r->type, num));
		return;
	}
}

/* Text and lists have no value when they are not set. */
static bool has_default(const struct option_row *r)
{
	switch (r->type) {
	case TYPE_FLAG:
	case TYPE_NUM:
	case TYPE_PROTO:
	case TYPE_AUTH:
	case TYPE_BADH:
	case TYPE_TRACK:
	case TYPE_RETR:
		return true;
	case TYPE_TLS:
	case TYPE_STR:
	case TYPE_PATH:
	case TYPE_LIST:
	case TYPE_NUMS:
	case TYPE_MAP:
	case TYPE_ENVEL:
		break;
	}
	return false;
}

static void add_options(struct buf *out, const struct options *o,
    unsigned scope, const char *before, bool all)
{
	const struct option_row *r;
	size_t i;

	for (i = 0; i < OPT_COUNT; i++) {
		r = option_row((enum option_id)i);
		if ((r->scope & scope) == 0 ||
		    (!o->v[i].set && !(all && has_default(r))))
			continue;
		buf_addc(out, before);
		add_option(out, r, o);
		buf_addch(out, '\n');
	}
}

void settings_account(struct buf *out, const struct account *a, bool all)
{
	buf_addf(out, "Options for retrieving from %s@%s:\n", a->user,
	    a->label);
	if (!a->active)
		buf_addc(out, "  # polled only when it is named\n");
	add_options(out, &a->o, SCOPE_S | SCOPE_U, "  ", all);
}

void settings_global(struct buf *out, const struct options *o, bool all)
{
	add_options(out, o, SCOPE_G, "set ", all);
}
