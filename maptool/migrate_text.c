/* migrate_text - types of tables, put in place of others. */

#include "maptool/migrate_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/macros.h"
#include "conf/lines.h"
#include "maptool/refs.h"

/* What daemons change while they run needs a type that can. */
#define CACHE_TYPE "lmdb"

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* A table may begin at: "hash" or "btree" is so long; 0: neither. */
static size_t old_type(struct str line, size_t at, bool bare)
{
	static const char *const types[] = { "hash", "btree" };
	struct str rest = str_skip(line, at);
	char before = at == 0 ? ' ' : line.p[at - 1];
	size_t i;

	if (is_name(before) || strchr("-./$", before) != NULL)
		return 0;
	/* ${hash:...} has a parameter of that name. */
	if (str_ends(str_head(line, at), STR("${")))
		return 0;
	/* Behind a colon it is a name, but for proxy:. */
	if (before == ':' && !str_ends(str_head(line, at), STR("proxy:")))
		return 0;
	for (i = 0; i < NELEM(types); i++) {
		size_t n = strlen(types[i]);

		if (!str_starts(rest, str_c(types[i])))
			continue;
		if (bare ? str_trim(rest).n == n
			 : rest.n > n && rest.p[n] == ':')
			return n;
	}
	return 0;
}

/* The name before the '=' at this place. */
static struct str name_before(struct str line, size_t at)
{
	struct str head = str_trim_right(str_head(line, at));
	size_t n = head.n;

	while (n != 0 && is_name(head.p[n - 1]))
		n--;
	return str_skip(head, n);
}

size_t migrate_text(struct str text, const char *to, struct buf *out)
{
	struct str line, param = STR_NONE;
	size_t count = 0, i, n;

	while (line_cut(&text, &line)) {
		bool skip = line_kind(line) == LINE_SKIP;

		for (i = 0; i < line.n; i++) {
			if (line.p[i] == '=' && !skip)
				param = name_before(line, i);
			n = skip ? 0
				 : old_type(line, i,
				       str_eqc(param, "default_database_type"));
			if (n == 0) {
				buf_addch(out, line.p[i]);
				continue;
			}
			buf_addc(out, refs_is_cache(param) ? CACHE_TYPE : to);
			count++;
			i += n - 1;
		}
	}
	return count;
}
