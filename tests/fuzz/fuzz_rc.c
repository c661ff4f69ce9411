/* A fetchmailrc. */

#include "fetcher/rc_lex.h"
#include "fetcher/rc_parse.h"
#include "tests/fuzz/fuzz.h"

static void words(struct str text, bool literal)
{
	enum rc_token t;
	struct rc_lex l;

	rc_lex_init(&l, text);
	do
		t = rc_lex_next(&l, literal);
	while (t != RC_END && t != RC_BAD);
	rc_lex_clear(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);
	struct config c = { .rc_dir = "/dir" };
	struct err e;

	words(text, false);
	words(text, true);
	c.end = &c.records;
	if (rc_parse(&c, "rc", text, &e) != ST_OK)
		c.records = NULL;
	arena_clear(&c.arena);
	return 0;
}
