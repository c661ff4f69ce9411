/* A message to postmap -b, -h and -m; the first byte sets the limits. */

#include "maptool/mime.h"
#include "tests/fuzz/fuzz.h"

/* Every byte is looked at. */
static void see(struct str text, void *sum)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		*(unsigned *)sum += (unsigned char)text.p[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);
	unsigned flags = fuzz_byte(&text), sum = 0;
	const struct mime_how how = { .parts = (flags & 1) == 0,
		.header_max = (flags & 2) != 0 ? 60 : 102400,
		.nesting_max = (flags & 4) != 0 ? 2 : 100,
		.boundary_max = (flags & 8) != 0 ? 3 : 2048,
		.header = see,
		.body = see,
		.arg = &sum };
	struct mime *m = mime_new(&how);

	while (text.n != 0)
		mime_line(m, fuzz_line(&text));
	mime_end(m);
	mime_free(m);
	return 0;
}
