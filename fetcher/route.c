/* route - headers to recipients, through the map of local names. */

#include "fetcher/route.h"

#include "fetcher/account.h"
#include "mail/address.h"

#define VALUE_MAX ((size_t)4 << 20)

struct work {
	struct route *out;
	const struct account *a;
	struct str header;
	route_alias_fn *alias;
	void *arg;
	size_t found;     /* addresses, whether they matched or not */
	size_t strangers; /* those of hosts that are not ours */
	struct str stranger;
};

bool route_is_multidrop(const struct account *a)
{
	const struct option_item *is = opt_list(&a->o, OPT_IS);

	return is != NULL &&
	    (is->next != NULL || str_eqc(str_c(is->text), "*"));
}

/* --- fields -------------------------------------------------------------- */

/* Cut the next field off *rest: its name, and its value unfolded. */
static bool next_field(struct str *rest, struct str *name, struct buf *value)
{
	struct str line;
	bool more = rest->n != 0;

	if (!more)
		return false;
	str_cut(rest, '\n', &line);
	buf_reset(value);
	*name = STR_NONE;
	if (str_find(line, ':') > 0) {
		str_cut(&line, ':', name);
		*name = str_trim_right(*name);
		buf_add(value, str_trim(line));
	}
	while (rest->n != 0 && (*rest->p == ' ' || *rest->p == '\t')) {
		str_cut(rest, '\n', &line);
		buf_addch(value, ' ');
		buf_add(value, str_trim(line));
	}
	return true;
}

/* Cut one address with its name and comments off *list. */
static bool next_address(struct str *list, struct str *one)
{
	bool quoted = false, angle = false;
	int depth = 0;
	size_t i;

	if (list->n == 0)
		return false;
	for (i = 0; i < list->n; i++) {
		char c = list->p[i];

		if (c == '\\') {
			i++;
		} else if (quoted || c == '"') {
			quoted ^= c == '"';
		} else if (c == '(' || (c == ')' && depth > 0)) {
			depth += c == '(' ? 1 : -1;
		} else if (depth == 0 && (c == '<' || c == '>')) {
			angle = c == '<';
		} else if (depth == 0 && !angle && (c == ',' || c == ';')) {
			break;
		}
	}
	*one = str_head(*list, i);
	*list = str_skip(*list, i + 1);
	return true;
}

/* --- matching ------------------------------------------------------------ */

static void accept(struct work *w, const char *rcpt)
{
	struct route *out = w->out;
	size_t i;

	for (i = 0; i < out->n; i++)
		if (str_ieqc(str_c(out->rcpt[i]), rcpt))
			return;
	if (out->n < ROUTE_MAX)
		out->rcpt[out->n++] = rcpt;
}

/* Equal to, or a subdomain of, an entry. */
static bool in_domains(const struct option_item *i, struct str domain)
{
	struct str entry;

	for (; i != NULL; i = i->next) {
		entry = str_c(i->text);
		if (str_ieq(domain, entry))
			return true;
		if (domain.n > entry.n &&
		    domain.p[domain.n - entry.n - 1] == '.' &&
		    str_ieq(str_skip(domain, domain.n - entry.n), entry))
			return true;
	}
	return false;
}

/* A name of the server, by which its users are ours. */
static bool is_ours(const struct work *w, struct str domain)
{
	struct arena *a = &w->out->arena;

	if (str_ieqc(domain, w->a->label) || str_ieqc(domain, w->a->host) ||
	    in_domains(opt_list(&w->a->o, OPT_AKA), domain))
		return true;
	return w->alias != NULL &&
	    w->alias(arena_strz(a, domain), w->a->host, w->arg);
}

/* The local name of a remote one; NULL: the map does not have it. */
static const char *map_get(const struct work *w, struct str remote)
{
	const struct option_item *i;

	for (i = opt_list(&w->a->o, OPT_IS); i != NULL; i = i->next) {
		const char *key = i->remote[0] != '\0' ? i->remote : i->text;

		if (!str_eqc(remote, "*") && str_ieqc(remote, key))
			return i->text;
	}
	return NULL;
}

static bool map_passes_all(const struct work *w)
{
	const struct option_item *i;

	for (i = opt_list(&w->a->o, OPT_IS); i != NULL; i = i->next)
		if (str_eqc(str_c(i->text), "*") && i->remote[0] == '\0')
			return true;
	return false;
}

/* One address in internal form. */
static void match(struct work *w, struct str address)
{
	struct arena *a = &w->out->arena;
	struct str domain = address_domain(address);
	struct str local = address_local(address);
	const char *name = map_get(w, address);

	w->found++;
	if (name != NULL && domain.n != 0) {
		accept(w, name);
		return;
	}
	if (in_domains(opt_list(&w->a->o, OPT_LOCALDOMAINS), domain)) {
		accept(w, arena_strz(a, address_external(address, a)));
		return;
	}
	if (domain.n != 0 && !is_ours(w, domain)) {
		w->strangers++;
		w->stranger = address_external(address, a);
		return;
	}
	name = map_get(w, local);
	if (name != NULL)
		accept(w, name);
	else if (map_passes_all(w))
		accept(w, arena_strz(a, address_external(local, a)));
}

/* A list of addresses; those that are none are passed over. */
static void match_list(struct work *w, struct str list, const char *prefix)
{
	static const struct address_rules as_it_is = { .myorigin = "",
		.mydomain = "" };
	struct str one, *v, p = str_c(prefix);
	size_t n, i;

	while (next_address(&list, &one)) {
		if (address_list(&as_it_is, one, &w->out->arena, &v, &n,
			NULL) != ST_OK)
			continue;
		for (i = 0; i < n; i++)
			match(w,
			    p.n != 0 && str_istarts(v[i], p)
				? str_skip(v[i], p.n)
				: v[i]);
	}
}

/* --- where recipients stand ---------------------------------------------- */

static const char *envelope_prefix(const struct work *w)
{
	const char *prefix = opt_text(&w->a->o, OPT_QVIRTUAL);

	return prefix != NULL ? prefix : "";
}

/* The envelope header, after as many as are to be skipped. */
static bool from_envelope(struct work *w, struct str want, int64_t skip)
{
	AUTO_BUF value = BUF_MAX(VALUE_MAX);
	struct str rest = w->header, name;

	if (want.n != 0 && want.p[want.n - 1] == ':')
		want.n--;
	while (next_field(&rest, &name, &value))
		if (str_ieq(name, want) && skip-- <= 0) {
			match_list(w, buf_str(&value), envelope_prefix(w));
			return w->found != 0;
		}
	return false;
}

/* The word after key, outside comments: "by host", "for <a@b>". */
static struct str after_word(struct str value, const char *key,
    struct str *rest)
{
	struct str word;
	bool next = false;
	int depth = 0;
	size_t i;

	while (str_word(&value, " \t;", &word)) {
		int inside = depth;

		for (i = 0; i < word.n; i++)
			depth += (word.p[i] == '(') - (word.p[i] == ')');
		if (depth < 0)
			depth = 0;
		if (inside != 0 || word.p[0] == '(')
			continue;
		if (next) {
			*rest = value;
			return word;
		}
		next = str_ieqc(word, key);
	}
	return STR_NONE;
}

/* The "for" clause of the Received line that the server itself wrote. */
static bool from_received(struct work *w, int64_t skip)
{
	AUTO_BUF value = BUF_MAX(VALUE_MAX);
	struct str rest = w->header, name, host, addr, tail;

	while (next_field(&rest, &name, &value)) {
		if (!str_ieqc(name, "Received") || skip-- > 0)
			continue;
		host = after_word(buf_str(&value), "by", &tail);
		if (host.n == 0 || !is_ours(w, host))
			continue;
		addr = after_word(tail, "for", &tail);
		if (addr.n == 0)
			continue;
		match_list(w, addr, envelope_prefix(w));
		return w->found != 0;
	}
	return false;
}

static bool listed(const char *const *names, struct str name)
{
	for (; *names != NULL; names++)
		if (str_ieqc(name, *names))
			return true;
	return false;
}

static void from_fields(struct work *w, const char *const *names, bool *any)
{
	AUTO_BUF value = BUF_MAX(VALUE_MAX);
	struct str rest = w->header, name;

	*any = false;
	while (next_field(&rest, &name, &value))
		if (listed(names, name)) {
			*any = true;
			match_list(w, buf_str(&value), "");
		}
}

static void from_header(struct work *w)
{
	static const char *const resent[] = { "Resent-To", "Resent-Cc",
		"Resent-Bcc", NULL };
	static const char *const plain[] = { "To", "Cc", "Bcc", "Apparently-To",
		NULL };
	const char *envelope = opt_text(&w->a->o, OPT_ENVELOPE);
	int64_t skip = opt_num(&w->a->o, OPT_ENVELOPE);
	bool any;

	if (opt_is_set(&w->a->o, OPT_ENVELOPE) && envelope != NULL &&
	    envelope[0] != '\0' && !str_ieqc(str_c(envelope), "Received")) {
		w->out->by_envelope = from_envelope(w, str_c(envelope), skip);
	} else if (!opt_is_set(&w->a->o, OPT_ENVELOPE) ||
	    (envelope != NULL && envelope[0] != '\0')) {
		w->out->by_envelope = from_received(w, skip);
	}
	if (w->out->by_envelope)
		return;
	from_fields(w, resent, &any);
	if (!any)
		from_fields(w, plain, &any);
}

/* --- the whole ----------------------------------------------------------- */

static void to_postmaster(struct work *w, const char *postmaster)
{
	struct route *out = w->out;

	out->to_postmaster = true;
	if (w->strangers == 1 && w->found == 1)
		out->warning = arena_printf(&out->arena,
		    "recipient address "
		    "%.*s didn't match any local name",
		    STR_ARG(w->stranger));
	else
		out->warning = "no recipient addresses matched declared local "
			       "names";
	out->n = 0;
	if (postmaster[0] != '\0')
		accept(w, postmaster);
}

void route_message(struct route *out, const struct account *a,
    struct str header, const char *postmaster, route_alias_fn *alias, void *arg)
{
	struct work w = { .out = out,
		.a = a,
		.header = header,
		.alias = alias,
		.arg = arg };
	const struct option_item *is = opt_list(&a->o, OPT_IS);

	out->multidrop = route_is_multidrop(a);
	out->rcpt = arena_array(&out->arena, out->multidrop ? ROUTE_MAX : 1,
	    sizeof(*out->rcpt));
	if (!out->multidrop) {
		accept(&w, is != NULL ? is->text : calling_user());
		return;
	}
	from_header(&w);
	if (out->n == 0 || out->n == ROUTE_MAX)
		to_postmaster(&w, postmaster);
}
