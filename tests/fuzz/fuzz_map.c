/*
 * A table as main.cf names it: "inline:{...}", "unionmap:{...}" and others that
 * hold their records or other tables. The first line is a key, the second one
 * the list of tables.
 */

#include "map/map.h"
#include "map/maps.h"
#include "tests/fuzz/fuzz.h"

/* No files, no sockets, no lookups of accounts. */
static bool is_harmless(struct str text)
{
	static const char *const outside[] = { "/", "tcp", "socketmap", "unix",
		"proc", "regexp", "pcre" };
	size_t i;

	for (i = 0; i < NELEM(outside); i++)
		if (str_search(text, str_c(outside[i])) >= 0)
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str list = fuzz_input(data, size), key = fuzz_line(&list);
	AUTO_BUF val = BUF_MAX(100000);
	struct maps *m;
	struct err e;

	if (!is_harmless(list))
		return 0;
	m = maps_open("fuzz_maps", list, "inline", MAP_FOLD | MAP_UTF8);
	if (maps_get(m, key, false, &val, &e) != ST_OK &&
	    maps_get(m, key, true, &val, &e) != ST_OK)
		buf_reset(&val);
	maps_changed(m);
	maps_pure(m);
	maps_close(m);
	return 0;
}
