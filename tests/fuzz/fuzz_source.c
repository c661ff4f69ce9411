/* The source of a table: keys and values; once more as UTF-8. */

#include "map/source.h"
#include "tests/fuzz/fuzz.h"

static void records(struct str text, bool utf8)
{
	struct source s;
	struct str key, val;

	source_init(&s, "fuzz", text, utf8);
	while (source_next(&s, &key, &val))
		str_find(key, '\n');
	source_clear(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);

	records(text, false);
	records(text, true);
	return 0;
}
