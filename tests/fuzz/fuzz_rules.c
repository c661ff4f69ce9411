/*
 * Tables of rules: the first line is "TYPE KEY", the second line another key,
 * the rest the table. It is read as a file and, when it is one rule, in braces.
 *
 * How long a pattern may take is not our affair: PCRE2 gets a small limit, and
 * what makes the C library's regcomp explode is left out.
 */

#define PCRE2_CODE_UNIT_WIDTH 8
#include <dlfcn.h>
#include <pcre2.h>
#include <stdio.h>

#include "map/map.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX   4000
#define KEY_MAX    200
#define MATCH_MAX  2000
#define HEAP_KIB   1000
#define REGEXP_MAX 300

typedef int match_fn(const pcre2_code *re, PCRE2_SPTR text, PCRE2_SIZE n,
    PCRE2_SIZE at, uint32_t options, pcre2_match_data *data,
    pcre2_match_context *how);

/* It is found before that of the library, and calls it. */
int pcre2_match(const pcre2_code *re, PCRE2_SPTR text, PCRE2_SIZE n,
    PCRE2_SIZE at, uint32_t options, pcre2_match_data *data,
    pcre2_match_context *how UNUSED)
{
	static pcre2_match_context *limited;
	static match_fn *real;

	if (limited == NULL) {
		real = (match_fn *)dlsym(RTLD_NEXT, "pcre2_match_8");
		limited = pcre2_match_context_create(NULL);
		if (real == NULL || limited == NULL)
			abort();
		pcre2_set_match_limit(limited, MATCH_MAX);
		pcre2_set_depth_limit(limited, MATCH_MAX);
		pcre2_set_heap_limit(limited, HEAP_KIB);
	}
	return real(re, text, n, at, options, data, limited);
}

static const struct {
	const char *name;
	const char *without; /* bytes that its texts must not have */
	size_t max;
} types[] = {
	{ "cidr", "", TEXT_MAX },
	{ "pcre", "", TEXT_MAX },
	/* Repeats of repeats and \1 take for ever in glibc. */
	{ "regexp", "{\\", REGEXP_MAX },
};

static bool is_harmless(size_t type, struct str text)
{
	const char *p;

	for (p = types[type].without; *p != '\0'; p++)
		if (str_find(text, *p) >= 0)
			return false;
	return text.n <= types[type].max;
}

static void ask(const char *spec, const struct str *keys, size_t n)
{
	AUTO_BUF val = BUF_MAX(100000);
	struct map *m;
	struct err e;
	size_t i;

	if (map_open(&m, str_c(spec), "pcre", MAP_FOLD, &e) != ST_OK)
		return;
	for (i = 0; i < n; i++)
		if (map_get(m, keys[i], &val, &e) != ST_OK)
			buf_reset(&val);
	map_close(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size), first = fuzz_line(&text);
	struct str type;
	AUTO_BUF spec = BUF_MAX(2 * TEXT_MAX);
	struct str keys[3];
	size_t i;

	str_cut(&first, ' ', &type);
	keys[0] = str_head(first, KEY_MAX);
	keys[1] = str_head(fuzz_line(&text), KEY_MAX);
	keys[2] = STR("192.0.2.1");
	for (i = 0; i < NELEM(types); i++) {
		if (!str_eqc(type, types[i].name) || !is_harmless(i, text))
			continue;
		buf_setf(&spec, "%s:/proc/self/fd/%d", types[i].name,
		    fuzz_file(text));
		ask(buf_c(&spec), keys, NELEM(keys));
		buf_setf(&spec, "%s:{{%.*s}}", types[i].name, STR_ARG(text));
		ask(buf_c(&spec), keys, NELEM(keys));
	}
	return 0;
}
