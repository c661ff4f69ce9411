/* A message on its way: sender, header, encoded words, quoted-printable. */

#include "base/buf.h"
#include "fetcher/header.h"
#include "fetcher/mime.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MAX ((size_t)1 << 22)

static void head(struct str raw, unsigned flags)
{
	AUTO_BUF sender = BUF_MAX(1024);
	AUTO_BUF out = BUF_MAX(OUT_MAX);
	AUTO_BUF value = BUF_MAX(OUT_MAX);
	const struct header_rules rules = { .user = "u",
		.truename = "h.example",
		.keep_return_path = (flags & 1) != 0,
		.drop_status = (flags & 2) != 0,
		.drop_delivered = (flags & 4) != 0,
		.rewrite = (flags & 8) != 0 };

	header_sender(raw, &rules, &sender);
	header_rewrite(raw, &rules, STR("Received: x\r\n"), &out);
	header_decode(raw, header_is_qp(raw), &value);
	if (header_is_bad(raw))
		return;
	header_get(raw, "Content-Type", &value);
}

static void body(struct str text, unsigned step)
{
	AUTO_BUF out = BUF_MAX(OUT_MAX);
	struct mime_qp q = { 0 };

	for (; text.n != 0; text = str_skip(text, step))
		mime_qp_add(&q, str_head(text, step), &out);
	mime_qp_end(&q, &out);
	buf_clear(&q.hold);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);
	unsigned flags = fuzz_byte(&text);

	head(text, flags);
	body(text, 1 + (flags >> 4));
	return 0;
}
