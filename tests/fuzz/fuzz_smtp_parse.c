/* Command lines, one after the other, and xtext. */

#include "base/buf.h"
#include "tests/fuzz/fuzz.h"
#include "vdeliver/smtp_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size), line;
	AUTO_BUF out = BUF_MAX(1000);
	struct smtp_command cmd;
	size_t i;

	while (text.n != 0) {
		line = fuzz_line(&text);
		buf_reset(&out);
		if (smtp_parse(&cmd, line) != SMTP_OK && smtp_xtext(line, &out))
			buf_reset(&out);
		for (i = 0; i < cmd.n_params; i++)
			if (smtp_xtext(cmd.params[i].value, &out))
				buf_reset(&out);
	}
	return 0;
}
