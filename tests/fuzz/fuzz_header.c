/* A message's header: line by line, and all of it; the first byte is rules. */

#include "fetcher/header.h"
#include "mail/header.h"
#include "tests/fuzz/fuzz.h"

static void lines(struct str text)
{
	struct str line, value, name;

	while (text.n != 0) {
		line = fuzz_line(&text);
		name = header_name(line, &value);
		header_listed(name, STR("bcc, return-path content-length"));
		header_listed(STR("bcc"), value);
		header_begins(line);
		header_folded(line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);
	unsigned flags = fuzz_byte(&text);
	const struct header_rules rules = { .user = "u",
		.truename = "pop.test",
		.keep_return_path = (flags & 1) != 0,
		.drop_status = (flags & 2) != 0,
		.drop_delivered = (flags & 4) != 0,
		.rewrite = (flags & 8) != 0 };
	AUTO_BUF out = BUF_MAX(HEADER_MAX);

	lines(text);
	header_sender(text, &rules, &out);
	buf_reset(&out);
	header_rewrite(text, &rules,
	    (flags & 16) != 0 ? STR("Received: by x\r\n") : STR_NONE, &out);
	header_is_bad(text);
	buf_reset(&out);
	header_get(text, "Received", &out);
	return 0;
}
