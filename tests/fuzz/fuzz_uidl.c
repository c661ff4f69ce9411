/* An id file: read, asked and changed. */

#include "fetcher/uidl.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *dir = fuzz_folder("ids", fuzz_input(data, size));
	char path[80];
	struct uidl *u;
	struct err e;

	snprintf(path, sizeof(path), "%s/ids", dir);
	if (uidl_load(&u, path, &e) == ST_OK) {
		if (uidl_seen(u, "u", "h", STR("1")))
			uidl_remove(u, "u", "h", STR("1"));
		uidl_add(u, "u", "h", STR("2"));
		if (uidl_any(u, "u", "h", STR("")))
			uidl_clear(u, "U", "H", STR("2"));
	}
	uidl_free(u);
	return 0;
}
