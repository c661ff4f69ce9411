/* What a listener says: greeting, features, login, replies. */

#include "mail/smtp_client.h"
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>

static void talk(struct smtp_client *c)
{
	struct smtp_reply r = SMTP_REPLY;
	struct err e;
	char dsn[10];
	enum st st = smtp_read(c, &r, &e);

	if (st == ST_OK)
		st = smtp_hello(c, "me", &r, &e);
	if (st == ST_OK && (c->features & SMTP_AUTH) != 0)
		st = smtp_auth(c, "u", "p", &r, &e);
	while (st == ST_OK || st == ST_NONE) {
		smtp_reply_dsn(&r, dsn);
		st = smtp_command(c, &r, &e, "NOOP");
	}
	smtp_reply_clear(&r);
	smtp_client_clear(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);
	struct smtp_client c = { .lmtp = (fuzz_byte(&text) & 1) != 0 };
	int fd[2];

	text = str_head(text, 65536);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0 ||
	    write(fd[1], text.p, text.n) != (ssize_t)text.n ||
	    shutdown(fd[1], SHUT_WR) != 0)
		abort();
	c.conn = conn_new(fd[0], "peer", 50);
	talk(&c);
	conn_close(c.conn);
	close(fd[1]);
	return 0;
}
