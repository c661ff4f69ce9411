/* regexp: - rules with POSIX regular expressions. Postfix: regexp_table(5). */

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "map/pattern.h"
#include "map/types.h"

static void *compile(struct str text, unsigned options, size_t *groups,
    struct buf *why)
{
	regex_t *re = xcalloc(1, sizeof(*re));
	char *z = xstrndup(text), reason[200];
	int rc = regcomp(re, z, (int)options);

	free(z);
	if (rc == 0) {
		*groups = re->re_nsub;
		return re;
	}
	regerror(rc, re, reason, sizeof(reason));
	buf_addc(why, reason);
	free(re);
	return NULL;
}

static enum st match(void *re, struct str key, struct pattern_span *group,
    size_t n, struct buf *why)
{
	regmatch_t at[PATTERN_GROUPS];
	char reason[200];
	size_t i;
	int rc;

	at[0].rm_so = 0;
	at[0].rm_eo = (regoff_t)key.n;
	rc = regexec(re, key.n != 0 ? key.p : "", n, at, REG_STARTEND);
	if (rc == REG_NOMATCH)
		return ST_NONE;
	if (rc != 0) {
		regerror(rc, re, reason, sizeof(reason));
		buf_addc(why, reason);
		return ST_TEMP;
	}
	for (i = 1; i < n; i++)
		group[i] = (struct pattern_span){ at[i].rm_so, at[i].rm_eo };
	return ST_OK;
}

static void free_regex(void *re)
{
	regfree(re);
	free(re);
}

static const struct pattern_flag flags[] = {
	{ 'i', REG_ICASE },
	{ 'm', REG_NEWLINE },
	{ 'x', REG_EXTENDED },
	{ '\0', 0 },
};

static const struct pattern_engine engine = {
	.type = "regexp",
	.no_delimiter = "skipping",
	.bad_index = "out-of-range",
	.flags = flags,
	.options = REG_EXTENDED | REG_ICASE,
	.two = true,
	.compile = compile,
	.match = match,
	.free = free_regex,
};

static enum st regexp_open(struct map *m, struct err *e)
{
	return pattern_open(m, &engine, e);
}

const struct map_ops map_regexp_ops = {
	.type = "regexp",
	.lasts = true,
	.read_only = true,
	.pattern = true,
	.open = regexp_open,
	.get = pattern_get,
	.changed = pattern_changed,
	.close = pattern_close,
};
