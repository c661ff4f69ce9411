/* cidr: - rules with networks. Postfix: cidr_table(5). */

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "map/rhs.h"
#include "map/rules.h"

#define VALUE_MAX ((size_t)1 << 26)

enum op {
	OP_RULE,
	OP_IF,
	OP_ENDIF
};

struct net {
	int family;
	int bits;
	unsigned char addr[16];
	bool negated;
};

struct rule {
	struct rule *next;
	struct rule *outer; /* while reading: the if around this if */
	struct rule *endif; /* of an if; NULL: the end of the file */
	enum op op;
	size_t line;
	struct net net;
	struct str value;
};

struct cidr {
	struct rules rules;
	struct rule *first, **end;
	struct rule *open_if;
};

static void PRINTF(2, 3) warn(const struct cidr *c, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warn("cidr map %s, line %zu: %s: skipping this rule", c->rules.name,
	    c->rules.line, text);
}

/* --- networks ------------------------------------------------------------ */

static int total_bits(int family)
{
	return family == AF_INET6 ? 128 : 32;
}

/* Clear what lies beyond the mask; false when there was something. */
static bool mask(struct net *n)
{
	bool clean = true;
	int i;

	for (i = n->bits; i < total_bits(n->family); i++) {
		unsigned char bit = (unsigned char)(0x80 >> i % 8);

		if ((n->addr[i / 8] & bit) != 0)
			clean = false;
		n->addr[i / 8] &= (unsigned char)~bit;
	}
	return clean;
}

/* An address alone; leading zeros are not taken, as they may mean octal. */
static bool parse_address(struct str s, struct net *n)
{
	char z[INET6_ADDRSTRLEN];

	if (s.n == 0 || s.n >= sizeof(z) || memchr(s.p, '\0', s.n) != NULL)
		return false;
	memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	n->family = strchr(z, ':') != NULL ? AF_INET6 : AF_INET;
	n->bits = total_bits(n->family);
	return inet_pton(n->family, z, n->addr) == 1;
}

static bool parse_masked(const struct cidr *c, struct str s, struct str shown,
    struct net *n)
{
	struct str bits = s, addr;
	char good[INET6_ADDRSTRLEN];
	uint64_t v;

	str_cut(&bits, '/', &addr);
	if (!num_u64(bits, UINT32_MAX, &v)) {
		warn(c, "bad mask value in \"%.*s\"", STR_ARG(shown));
		return false;
	}
	if (!parse_address(addr, n)) {
		warn(c, "bad network value in \"%.*s\"", STR_ARG(shown));
		return false;
	}
	if (v > (uint64_t)total_bits(n->family)) {
		warn(c, "bad mask length in \"%.*s\"", STR_ARG(shown));
		return false;
	}
	n->bits = (int)v;
	if (mask(n))
		return true;
	inet_ntop(n->family, n->addr, good, sizeof(good));
	warn(c,
	    "non-null host address bits in \"%.*s\", perhaps you should "
	    "use \"%s/%d\" instead",
	    STR_ARG(shown), good, n->bits);
	return false;
}

/* "[addr]/len", "[addr/len]" and "[addr]" mean the same without brackets. */
static bool strip_brackets(const struct cidr *c, struct str *s,
    struct buf *plain)
{
	ptrdiff_t end;
	struct str after;

	if (*s->p != '[')
		return true;
	end = str_find(*s, ']');
	if (end < 0) {
		warn(c, "missing ']' character after \"%.*s\"", STR_ARG(*s));
		return false;
	}
	after = str_skip(*s, (size_t)end + 1);
	if (after.n != 0 && *after.p != '/') {
		warn(c, "garbage after \"%.*s\"",
		    STR_ARG(str_head(*s, (size_t)end + 1)));
		return false;
	}
	buf_set(plain, str_head(str_skip(*s, 1), (size_t)end - 1));
	buf_add(plain, after);
	*s = buf_str(plain);
	return true;
}

static bool parse_net(const struct cidr *c, struct str s, struct net *n)
{
	AUTO_BUF plain = BUF_MAX(s.n);
	struct str bare = s;

	if (!strip_brackets(c, &bare, &plain))
		return false;
	if (str_find(bare, '/') >= 0)
		return parse_masked(c, bare, bare, n);
	if (parse_address(bare, n))
		return true;
	warn(c, "bad address pattern: \"%.*s\"", STR_ARG(bare));
	return false;
}

/* --- rules --------------------------------------------------------------- */

static void add(struct map *m, const struct rule *r)
{
	struct cidr *c = m->state;
	struct rule *kept = arena_alloc(&m->arena, sizeof(*kept));

	*kept = *r;
	kept->line = c->rules.line;
	kept->value = arena_str(&m->arena, r->value);
	*c->end = kept;
	c->end = &kept->next;
	if (kept->op == OP_IF) {
		kept->outer = c->open_if;
		c->open_if = kept;
	} else if (kept->op == OP_ENDIF) {
		c->open_if->endif = kept;
		c->open_if = c->open_if->outer;
	}
}

/* "!" and the pattern up to a blank (an if takes all of the line). */
static bool cut_net(const struct cidr *c, struct str *s, bool whole,
    struct net *n)
{
	struct str text;
	size_t i = 0;

	*s = str_trim_left(*s);
	n->negated = false;
	while (s->n != 0 && *s->p == '!') {
		n->negated = !n->negated;
		*s = str_trim_left(str_skip(*s, 1));
	}
	while (i < s->n && (whole || !str_isspace(s->p[i])))
		i++;
	text = str_head(*s, i);
	*s = str_trim_left(str_skip(*s, i));
	if (text.n == 0) {
		warn(c, "no address pattern");
		return false;
	}
	if (!whole && s->n == 0) {
		warn(c, "no lookup result");
		return false;
	}
	return parse_net(c, text, n);
}

static void read_rule(struct map *m, struct str s)
{
	struct cidr *c = m->state;
	AUTO_BUF content = BUF_MAX(VALUE_MAX);
	struct rule r = { .op = OP_RULE };
	struct err e;

	if (!cut_net(c, &s, false, &r.net))
		return;
	r.value = s;
	if ((m->flags & MAP_RHS_FILES) != 0) {
		if (rhs_read(s, &content, &e) != ST_OK) {
			warn(c, "%s", e.text);
			return;
		}
		r.value = buf_str(&content);
	}
	add(m, &r);
}

static void read_if(struct map *m, struct str s)
{
	struct rule r = { .op = OP_IF };

	if (cut_net(m->state, &s, true, &r.net))
		add(m, &r);
}

static void read_endif(struct map *m, struct str s)
{
	struct cidr *c = m->state;

	if (c->open_if == NULL)
		warn(c, "ENDIF without IF");
	else if (str_trim(s).n != 0)
		warn(c, "garbage after ENDIF");
	else
		add(m, &(struct rule){ .op = OP_ENDIF });
}

static bool starts_word(struct str s, struct str word)
{
	char next = s.n > word.n ? str_lower(s.p[word.n]) : '\0';

	return str_istarts(s, word) && (next < 'a' || next > 'z') &&
	    (next < '0' || next > '9');
}

static enum st cidr_open(struct map *m, struct err *e)
{
	struct cidr *c = arena_alloc(&m->arena, sizeof(*c));
	const struct rule *r;
	struct str line;

	m->state = c;
	c->end = &c->first;
	if (rules_open(&c->rules, m, e) != ST_OK)
		return ST_TEMP;
	while (rules_next(&c->rules, &line)) {
		if (starts_word(line, STR("if")))
			read_if(m, str_skip(line, 2));
		else if (starts_word(line, STR("endif")))
			read_endif(m, str_skip(line, 5));
		else
			read_rule(m, line);
	}
	for (r = c->open_if; r != NULL; r = r->outer)
		log_warn("cidr map %s, line %zu: IF has no matching ENDIF",
		    c->rules.name, r->line);
	rules_done(&c->rules);
	return ST_OK;
}

/* A negated rule is for addresses of its own family, too. */
static bool holds(const struct net *n, const struct net *key)
{
	struct net k = *key;

	if (n->family != key->family)
		return false;
	k.bits = n->bits;
	mask(&k);
	return (memcmp(k.addr, n->addr, (size_t)total_bits(n->family) / 8) ==
		   0) != n->negated;
}

static enum st cidr_get(struct map *m, struct str key, struct buf *val,
    struct err *e UNUSED)
{
	const struct cidr *c = m->state;
	const struct rule *r;
	struct net k = { 0 };

	if (!parse_address(key, &k))
		return ST_NONE;
	for (r = c->first; r != NULL; r = r->next) {
		if (r->op == OP_ENDIF)
			continue;
		if (holds(&r->net, &k)) {
			if (r->op == OP_IF)
				continue;
			buf_set(val, r->value);
			return ST_OK;
		}
		if (r->op == OP_IF && (r = r->endif) == NULL)
			break;
	}
	return ST_NONE;
}

static bool cidr_changed(struct map *m)
{
	return rules_changed(&((struct cidr *)m->state)->rules);
}

const struct map_ops map_cidr_ops = {
	.type = "cidr",
	.lasts = true,
	.read_only = true,
	.pattern = true,
	.open = cidr_open,
	.get = cidr_get,
	.changed = cidr_changed,
};
