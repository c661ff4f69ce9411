/* A fetchmailrc, resolved, and shown to programs and people. */

#include "fetcher/account.h"
#include "fetcher/dump.h"
#include "fetcher/rc_parse.h"
#include "tests/fuzz/fuzz.h"

static void dump(const struct account *first, const struct options *global)
{
	static const struct dump_files files = { "'pop3',", "/ids", "pm", "me",
		"host.example" };
	AUTO_BUF out = BUF_MAX(DUMP_MAX);

	dump_config(&out, DUMP_PYTHON, first, global, &files);
	buf_reset(&out);
	dump_config(&out, DUMP_JSON, first, global, &files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);
	struct config c = { .rc_dir = "/dir" };
	struct account *first = NULL;
	struct cli cli = { 0 };
	struct err e;

	c.end = &c.records;
	if (rc_parse(&c, "rc", text, &e) == ST_OK &&
	    accounts_list(&c, &cli, &first) == ST_OK)
		dump(first, &c.global);
	arena_clear(&c.arena);
	return 0;
}
