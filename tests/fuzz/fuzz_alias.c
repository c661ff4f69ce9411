/* An alias file: its lines, as postalias reads them, and keys in quotes. */

#include "conf/lines.h"
#include "maptool/alias.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF key = BUF_MAX(100000);
	AUTO_BUF val = BUF_MAX(100000);
	struct lines l;
	struct str line;
	size_t number;

	lines_init(&l, fuzz_input(data, size), NULL, NULL);
	while (lines_next(&l, &line, &number)) {
		buf_reset(&key);
		buf_reset(&val);
		if (alias_parse(line, &key, &val) != NULL)
			continue;
		buf_reset(&val);
		if (alias_quote_key(buf_str(&key), &val))
			buf_str(&val);
	}
	lines_clear(&l);
	return 0;
}
