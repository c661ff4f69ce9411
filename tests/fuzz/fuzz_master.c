/*
 * A master.cf: its entries, printed in both ways, and edits of it. The first
 * line is the operand of an edit, its first byte says of which kind.
 */

#include "conf/lines.h"
#include "conf/master.h"
#include "maptool/master_edit.h"
#include "maptool/master_print.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define OUT_MAX ((size_t)1 << 20)

static void entries(struct str text)
{
	AUTO_BUF out = BUF_MAX(OUT_MAX);
	AUTO_ARENA arena = { 0 };
	struct master_entry it;
	struct lines l;
	struct str line;
	size_t number;
	struct err e;

	lines_init(&l, text, NULL, NULL);
	while (lines_next(&l, &line, &number)) {
		if (master_parse(&arena, line, &it, &e) != ST_OK)
			continue;
		master_print(&it, false, &out);
		master_print(&it, true, &out);
		if (master_parse_command(&arena, line, &it, &e) == ST_OK)
			master_print(&it, true, &out);
	}
	lines_clear(&l);
}

static void edit(struct str text, unsigned flags, const char *operand)
{
	static const char letters[] = { 'M', 'F', 'P', 'M' };
	struct master_edits m = { .what = master_mode(letters[flags & 3]),
		.mode = (flags & 4) != 0 ? EDIT_SET
		    : (flags & 8) != 0   ? EDIT_DROP
					 : EDIT_COMMENT };
	AUTO_BUF out = BUF_MAX(OUT_MAX);
	struct err e;

	if (master_edit_add(&m, operand, &e) == ST_OK &&
	    master_edit_text(&m, text, "master.cf", &out, &e) != ST_OK)
		buf_reset(&out);
	master_edits_clear(&m);
}

static void whole(struct str text)
{
	struct master_cf m;
	struct err e;

	if (master_cf_read(&m, fuzz_folder("master.cf", text), &e) != ST_OK)
		e.text[0] = '\0';
	master_cf_clear(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size), line;
	unsigned flags = fuzz_byte(&text);
	char *operand;

	line = fuzz_line(&text);
	operand = strndup(line.n != 0 ? line.p : "", line.n);
	if (operand == NULL)
		abort();
	whole(text);
	entries(text);
	edit(text, flags, operand);
	free(operand);
	return 0;
}
