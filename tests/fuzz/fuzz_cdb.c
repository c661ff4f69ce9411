/* A cdb file behind a table; the last bytes are a key, and so are others. */

#include "map/map.h"
#include "map/types.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);
	struct str last = str_skip(text, size < 8 ? 0 : size - 8);
	const struct str keys[] = { STR("a"), STR("user@example.com"), last };
	AUTO_BUF val = BUF_MAX(100000);
	struct map *m;
	char spec[64];
	struct err e;
	size_t i;

	/* Without TinyCDB there is nothing to try. */
	if (map_type(STR("cdb")) == NULL)
		return 0;
	snprintf(spec, sizeof(spec), "cdb:%s/x", fuzz_folder("x.cdb", text));
	if (map_open(&m, str_c(spec), "hash", MAP_FOLD, &e) != ST_OK)
		return 0;
	for (i = 0; i < NELEM(keys); i++)
		if (map_get(m, keys[i], &val, &e) != ST_OK)
			buf_reset(&val);
	map_close(m);
	return 0;
}
