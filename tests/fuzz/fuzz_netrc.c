/* A netrc, and the question for a password. */

#include "fetcher/netrc.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netrc n = { 0 };
	const char *p;

	n.end = &n.first;
	netrc_parse(&n, fuzz_input(data, size));
	p = netrc_password(&n, "pop.test", "u");
	if (p == NULL)
		p = netrc_password(&n, "", "");
	netrc_clear(&n);
	return 0;
}
