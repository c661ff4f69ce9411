/* Envelope addresses and lists of them; the first byte sets the rules. */

#include "mail/address.h"
#include "map/addr_find.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size), *list;
	unsigned flags = fuzz_byte(&text);
	const struct address_rules rules = { .myorigin = "org.test",
		.mydomain = "test",
		.append_at_myorigin = (flags & 1) != 0,
		.append_dot_mydomain = (flags & 2) != 0,
		.swap_bangpath = (flags & 4) != 0,
		.allow_percent_hack = (flags & 8) != 0,
		.strict_rfc821 = (flags & 16) != 0 };
	AUTO_BUF out = BUF_MAX(100000);
	AUTO_ARENA arena = { 0 };
	struct address a;
	struct err e;
	size_t n, i;

	if (address_parse(&a, &rules, text, &arena, &e) == ST_OK) {
		address_quote(&out, a.address);
		addr_split(address_local(a.address), "+-");
		address_domain(address_external(a.address, &arena));
	}
	if (address_list(&rules, text, &arena, &list, &n, &e) == ST_OK)
		for (i = 0; i < n; i++)
			address_quote(&out, list[i]);
	address_quote(&out, address_rewrite(&rules, text, &arena));
	return 0;
}
