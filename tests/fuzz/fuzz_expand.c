/*
 * Texts with $name and conditions. The first line is the text; the lines after
 * it are the values of $a, $b and so on.
 */

#include <string.h>

#include "conf/expand.h"
#include "map/template.h"
#include "tests/fuzz/fuzz.h"

#define VALUES 6

struct values {
	char *text[VALUES];
};

static const char *get(struct str name, void *arg)
{
	const struct values *v = arg;
	unsigned i = name.n == 1 ? (unsigned char)name.p[0] - 'a' : VALUES;

	return i < VALUES ? v->text[i] : NULL;
}

static void count(struct str name, void *arg)
{
	*(size_t *)arg += name.n;
}

static void pieces(struct str text)
{
	struct str rest = text, part;
	enum template_part kind;

	do
		kind = template_next(&rest, text, &part);
	while (kind != TEMPLATE_END && kind != TEMPLATE_BAD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = fuzz_input(data, size), text = fuzz_line(&rest);
	AUTO_BUF out = BUF_MAX(10000);
	struct values v = { 0 };
	size_t i, sum = 0;
	struct err e;

	for (i = 0; i < VALUES && rest.n != 0; i++) {
		struct str line = fuzz_line(&rest);

		v.text[i] = strndup(line.n != 0 ? line.p : "", line.n);
	}
	if (expand_names(text, count, &sum, &e) == ST_OK)
		buf_addf(&out, "%zu", sum);
	if (expand(text, get, &v, &out, &e) != ST_OK)
		buf_reset(&out);
	pieces(text);
	for (i = 0; i < VALUES; i++)
		free(v.text[i]);
	return 0;
}
