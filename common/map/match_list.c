/* match_list - is this domain or address in the list? */

#include "map/match_list.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "base/xalloc.h"
#include "map/list.h"
#include "map/map.h"
#include "map/maps.h"
#include "map/types.h"

#define FILE_MAX  1000000
#define VALUE_MAX 70000
/* /file in a /file in a /file: somebody made a loop. */
#define DEPTH_MAX 10

enum item_kind {
	ITEM_NAME,
	ITEM_NET,
	ITEM_TABLE,
	ITEM_BAD
};

struct item {
	struct item *next;
	enum item_kind kind;
	bool negated;
	struct str text;
	unsigned char net[16];
	int family, bits;
	struct maps *table;
	struct err why; /* of a bad one */
};

struct file {
	struct file *next;
	const char *path;
	struct file_id id;
};

struct match_list {
	struct arena arena;
	const char *param;
	enum match_kind kind;
	unsigned flags;
	struct item *first, **end;
	struct file *files;
};

static void add_list(struct match_list *l, struct str list, int depth);

static struct item *add_item(struct match_list *l, enum item_kind kind,
    struct str text, bool negated)
{
	struct item *i = arena_alloc(&l->arena, sizeof(*i));

	i->kind = kind;
	i->text = arena_str(&l->arena, text);
	i->negated = negated;
	*l->end = i;
	l->end = &i->next;
	return i;
}

static void add_bad(struct match_list *l, struct str text, const char *why)
{
	struct item *i = add_item(l, ITEM_BAD, text, false);

	log_warn("%s: bad net/mask pattern or file \"%.*s\": %s", l->param,
	    STR_ARG(text), why);
	err_temp(&i->why, "4.3.0", "%s: \"%.*s\": %s", l->param, STR_ARG(text),
	    why);
}

static bool zero_beyond(const unsigned char *net, int bits, int total)
{
	int i;

	for (i = bits; i < total; i++)
		if ((net[i / 8] & (0x80 >> i % 8)) != 0)
			return false;
	return true;
}

/* "a.b.c.d/n", "[v6]/n", "[v6/n]", "a.b.c.d"; false: no address at all. */
static bool parse_net(struct str text, struct item *i, bool *bad_host_bits)
{
	char addr[INET6_ADDRSTRLEN];
	struct str rest, head;
	uint64_t bits;
	size_t k, n = 0;
	bool has_mask;

	for (k = 0; k < text.n && n < sizeof(addr) - 1; k++)
		if (text.p[k] != '[' && text.p[k] != ']')
			addr[n++] = text.p[k];
	rest = (struct str){ addr, n };
	has_mask = str_cut(&rest, '/', &head);
	addr[head.n] = '\0';
	i->family = str_find(head, ':') >= 0 ? AF_INET6 : AF_INET;
	if (inet_pton(i->family, addr, i->net) != 1)
		return false;
	bits = i->family == AF_INET6 ? 128 : 32;
	if (has_mask && !num_u64(rest, bits, &bits))
		return false;
	i->bits = (int)bits;
	*bad_host_bits =
	    !zero_beyond(i->net, i->bits, i->family == AF_INET6 ? 128 : 32);
	return true;
}

static void add_net(struct match_list *l, struct str text, bool negated)
{
	struct item probe = { 0 }, *i;
	bool bad_bits = false;

	if (!parse_net(text, &probe, &bad_bits)) {
		/* A name never equals an address: it matches nothing. */
		add_item(l, ITEM_NAME, text, negated);
		return;
	}
	if (bad_bits) {
		add_bad(l, text, "non-null host address bits");
		return;
	}
	i = add_item(l, ITEM_NET, text, negated);
	memcpy(i->net, probe.net, sizeof(i->net));
	i->family = probe.family;
	i->bits = probe.bits;
}

static void add_file(struct match_list *l, struct str path, int depth)
{
	AUTO_BUF text = BUF_MAX(FILE_MAX);
	struct file *f = arena_alloc(&l->arena, sizeof(*f));
	struct str rest, line;
	struct stat sb = { 0 };
	struct err e;
	bool more = true;

	f->path = arena_strz(&l->arena, path);
	f->next = l->files;
	l->files = f;
	if (stat(f->path, &sb) == 0)
		file_id_set(&f->id, &sb);
	if (io_read_file(f->path, &text, &e) != ST_OK) {
		add_bad(l, path, e.text);
		return;
	}
	rest = arena_str(&l->arena, buf_str(&text));
	while (more) {
		more = str_cut(&rest, '\n', &line);
		line = str_trim(line);
		if (line.n != 0 && *line.p != '#')
			add_list(l, line, depth + 1);
	}
}

static bool is_table(struct str item)
{
	ptrdiff_t colon = str_find(item, ':');

	return colon > 0 && *item.p != '[' &&
	    (map_type(str_head(item, (size_t)colon)) != NULL ||
		(colon + 1 < (ptrdiff_t)item.n &&
		    strchr("/{", item.p[colon + 1]) != NULL) ||
		str_starts(item, STR("proxy:")));
}

static void add_list(struct match_list *l, struct str list, int depth)
{
	struct str item;
	bool negated;

	while (list_item(&list, &item)) {
		negated = false;
		while (item.n != 0 && *item.p == '!') {
			negated = !negated;
			item = str_skip(item, 1);
		}
		if (item.n == 0)
			continue;
		if (*item.p == '/' && depth < DEPTH_MAX)
			add_file(l, item, depth);
		else if (*item.p == '/')
			add_bad(l, item, "files are nested too deeply");
		else if (is_table(item))
			add_item(l, ITEM_TABLE, item, negated)->table =
			    maps_open(l->param, item, "hash", l->flags);
		else if (l->kind == MATCH_NETWORK)
			add_net(l, item, negated);
		else
			add_item(l, ITEM_NAME, item, negated);
	}
}

struct match_list *match_list_open(const char *param, struct str list,
    enum match_kind kind, unsigned map_flags)
{
	struct match_list *l = xcalloc(1, sizeof(*l));

	l->param = param;
	l->kind = kind;
	l->flags = map_flags;
	l->end = &l->first;
	add_list(l, list, 0);
	return l;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, int bits)
{
	int whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, (size_t)whole) != 0)
		return false;
	return rest == 0 ||
	    ((a[whole] ^ b[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

/* A table matches when the key is there; its value says nothing. */
static enum st in_table(const struct item *i, struct str key, struct err *e)
{
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	enum st st = maps_get(i->table, key, false, &val, e);

	if (st == ST_TEMP && strcmp(e->dsn, "4.3.5") == 0)
		st = ST_OK; /* an empty value is a hit, too */
	return st;
}

static enum st matches(const struct item *i, struct str key,
    const struct item *addr, struct err *e)
{
	switch (i->kind) {
	case ITEM_NAME:
		return str_ieq(i->text, key) ? ST_OK : ST_NONE;
	case ITEM_NET:
		return addr->family == i->family &&
			same_bits(addr->net, i->net, i->bits)
		    ? ST_OK
		    : ST_NONE;
	case ITEM_TABLE:
		return in_table(i, key, e);
	case ITEM_BAD:
		break;
	}
	*e = i->why;
	return ST_TEMP;
}

enum st match_list_get(struct match_list *l, struct str key, struct err *e)
{
	struct item addr = { .family = -1 };
	const struct item *i;
	bool ignored;
	enum st st;

	if (l->kind == MATCH_NETWORK && !parse_net(key, &addr, &ignored))
		addr.family = -1;
	for (i = l->first; i != NULL; i = i->next) {
		st = matches(i, key, &addr, e);
		if (st == ST_OK)
			return i->negated ? ST_NONE : ST_OK;
		if (st == ST_TEMP)
			return st;
	}
	return ST_NONE;
}

bool match_list_changed(struct match_list *l)
{
	const struct item *i;
	const struct file *f;

	for (i = l->first; i != NULL; i = i->next)
		if (i->table != NULL && maps_changed(i->table))
			return true;
	for (f = l->files; f != NULL; f = f->next)
		if (f->id.ino != 0 && file_id_changed(&f->id, f->path))
			return true;
	return false;
}

bool match_list_in_memory(const struct match_list *l)
{
	static const char *const types[] = { "regexp", "pcre", "cidr", "inline",
		"static" };
	const struct item *i;
	struct str rest, type;
	size_t t;

	for (i = l->first; i != NULL; i = i->next) {
		rest = i->text;
		str_cut(&rest, ':', &type);
		for (t = 0; t < NELEM(types) && !str_eqc(type, types[t]); t++)
			continue;
		if (i->kind == ITEM_TABLE && t == NELEM(types))
			return false;
	}
	return !match_list_broken(l);
}

bool match_list_lasts(const struct match_list *l)
{
	const struct item *i;

	for (i = l->first; i != NULL; i = i->next)
		if (i->kind == ITEM_BAD ||
		    (i->table != NULL && !maps_last(i->table)))
			return false;
	return true;
}

bool match_list_pure(const struct match_list *l)
{
	const struct item *i;

	for (i = l->first; i != NULL; i = i->next)
		if (i->kind == ITEM_BAD ||
		    (i->table != NULL && !maps_pure(i->table)))
			return false;
	return l->files == NULL;
}

bool match_list_broken(const struct match_list *l)
{
	const struct item *i;

	for (i = l->first; i != NULL; i = i->next)
		if (i->kind == ITEM_BAD ||
		    (i->table != NULL && maps_broken(i->table)))
			return true;
	return false;
}

void match_list_close(struct match_list *l)
{
	const struct item *i;
	struct arena a;

	if (l == NULL)
		return;
	for (i = l->first; i != NULL; i = i->next)
		maps_close(i->table);
	a = l->arena;
	free(l);
	arena_clear(&a);
}
