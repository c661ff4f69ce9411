/* pcre: - rules with Perl's regular expressions. Postfix: pcre_table(5). */

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "map/pattern.h"
#include "map/types.h"

static void *compile(struct str text, unsigned options, size_t *groups,
    struct buf *why)
{
	PCRE2_UCHAR reason[200];
	PCRE2_SIZE at;
	uint32_t count = 0;
	int rc;
	pcre2_code *re = pcre2_compile((PCRE2_SPTR)(text.n ? text.p : ""),
	    text.n, options, &rc, &at, NULL);

	if (re == NULL) {
		pcre2_get_error_message(rc, reason, sizeof(reason));
		buf_addf(why, "error in regex at offset %zu: %s", (size_t)at,
		    (const char *)reason);
		return NULL;
	}
	pcre2_pattern_info(re, PCRE2_INFO_CAPTURECOUNT, &count);
	*groups = count;
	return re;
}

static void copy_spans(pcre2_match_data *data, uint32_t set,
    struct pattern_span *group, size_t n)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
	size_t i;

	for (i = 1; i < n; i++) {
		if (i < set && at[2 * i] != PCRE2_UNSET)
			group[i] = (struct pattern_span){ (ptrdiff_t)at[2 * i],
				(ptrdiff_t)at[2 * i + 1] };
		else
			group[i] = (struct pattern_span){ -1, -1 };
	}
}

static enum st match(void *re, struct str key, struct pattern_span *group,
    size_t n, struct buf *why)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(re, NULL);
	PCRE2_UCHAR reason[200];
	enum st st = ST_OK;
	int rc = data == NULL
	    ? PCRE2_ERROR_NOMEMORY
	    : pcre2_match(re, (PCRE2_SPTR)(key.n ? key.p : ""), key.n, 0, 0,
		  data, NULL);

	if (rc == PCRE2_ERROR_NOMATCH) {
		st = ST_NONE;
	} else if (rc < 0) {
		pcre2_get_error_message(rc, reason, sizeof(reason));
		buf_addc(why, (const char *)reason);
		st = ST_TEMP;
	} else {
		copy_spans(data, (uint32_t)rc, group, n);
	}
	pcre2_match_data_free(data);
	return st;
}

static void free_code(void *re)
{
	pcre2_code_free(re);
}

static const struct pattern_flag flags[] = {
	{ 'i', PCRE2_CASELESS },
	{ 'm', PCRE2_MULTILINE },
	{ 's', PCRE2_DOTALL },
	{ 'x', PCRE2_EXTENDED },
	{ 'A', PCRE2_ANCHORED },
	{ 'E', PCRE2_DOLLAR_ENDONLY },
	{ 'U', PCRE2_UNGREEDY },
	{ 'X', 0 },
	{ '\0', 0 },
};

static const struct pattern_engine engine = {
	.type = "pcre",
	.no_delimiter = "ignoring",
	.bad_index = "out of range",
	.flags = flags,
	.options = PCRE2_CASELESS | PCRE2_DOTALL,
	.compile = compile,
	.match = match,
	.free = free_code,
};

static enum st pcre_open(struct map *m, struct err *e)
{
	return pattern_open(m, &engine, e);
}

const struct map_ops map_pcre_ops = {
	.type = "pcre",
	.lasts = true,
	.read_only = true,
	.pattern = true,
	.open = pcre_open,
	.get = pattern_get,
	.changed = pattern_changed,
	.close = pattern_close,
};
