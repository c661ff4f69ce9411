/*
 * drive - a whole session of fetching with a server that says the input: the
 * first byte is options, the rest its words, after which it hangs up.
 */
#ifndef TESTS_FUZZ_DRIVE_H
#define TESTS_FUZZ_DRIVE_H

#include <fcntl.h>
#include <sys/socket.h>

#include "fetcher/poll.h"
#include "fetcher/proto.h"
#include "fetcher/report.h"
#include "tests/fuzz/fuzz.h"

/* Its words must fit into a socket's buffer. */
#define DRIVE_MAX 65536
/* So many messages show what there is to see. */
#define DRIVE_MESSAGES 8

static inline void drive_quiet(void)
{
	static int null = -1;
	struct report_how how = { .prog = "fuzz", .verbosity = REPORT_SILENT };

	if (null < 0)
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	how.logfile = null;
	report_init(&how);
}

static inline enum status drive_text(struct proto *p, struct err *e)
{
	struct str line;
	enum status st;

	while ((st = p->ops->line(p, &line, e)) == PS_SUCCESS)
		continue;
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

static inline enum status drive_message(struct proto *p, uint64_t n,
    struct err *e)
{
	AUTO_BUF key = BUF_MAX(4096);
	uint64_t octets;
	enum status st = p->ops->octets(p, n, &octets, e);

	p->ops->key(p, n, &key);
	if (st == PS_SUCCESS)
		st = p->ops->open(p, n, octets, e);
	if (st == PS_SUCCESS)
		st = drive_text(p, e);
	if (st == PS_SUCCESS && p->ops->body != NULL) {
		st = p->ops->body(p, n, e);
		if (st == PS_SUCCESS)
			st = drive_text(p, e);
	}
	if (st == PS_SUCCESS)
		st = p->ops->remove(p, n, e);
	return st == PS_ERROR ? PS_SUCCESS : st;
}

static inline enum status drive_folder(struct proto *p, struct err *e)
{
	struct box x = { 0 };
	enum status st = PS_SUCCESS;
	uint64_t n;

	if (p->ops->select != NULL)
		st = p->ops->select(p, &x, e);
	if (st == PS_SUCCESS)
		st = p->ops->list(p, &x, e);
	if (p->how->check)
		return st;
	for (n = 1; n <= x.count && n <= DRIVE_MESSAGES && st == PS_SUCCESS;
	     n++)
		st = drive_message(p, n, e);
	if (st == PS_SUCCESS && p->ops->leave != NULL)
		st = p->ops->leave(p, e);
	if (st == PS_SUCCESS && p->ops->wait != NULL)
		st = p->ops->wait(p, e);
	return st;
}

static inline void drive(const struct proto_ops *ops, struct str says)
{
	static const struct options none;
	unsigned flags = fuzz_byte(&says);
	struct uidl *ids = NULL;
	struct err e;
	struct account a = { .label = "l",
		.host = "h",
		.user = "u",
		.password = "p",
		.global = &none };
	struct poll_how how = { .ids_out = -1, .check = (flags & 1) != 0 };
	struct proto *p = proto_new(ops, &a, &how);
	int fd[2];

	drive_quiet();
	options_set_num(&a.o, OPT_KEEP, (flags & 2) != 0);
	options_set_num(&a.o, OPT_UIDL, (flags & 4) != 0);
	options_set_num(&a.o, OPT_FASTUIDL, (flags & 8) != 0);
	options_set_num(&a.o, OPT_FETCHSIZELIMIT, (flags & 16) != 0);
	options_set_num(&a.o, OPT_FLUSH, (flags & 32) != 0);
	options_set_num(&a.o, OPT_FETCHALL, (flags & 64) != 0);
	if (uidl_load(&ids, "/nowhere/ids", &e) != ST_OK ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0)
		abort();
	how.ids = how.delivered = ids;
	says = str_head(says, DRIVE_MAX);
	if (write(fd[1], says.p, says.n) != (ssize_t)says.n ||
	    shutdown(fd[1], SHUT_WR) != 0)
		abort();
	p->conn = conn_new(fd[0], "fuzz.test", 50);
	if (ops->greet(p, &e) == PS_SUCCESS && ops->capa(p, &e) == PS_SUCCESS &&
	    (p->logged_in || ops->login(p, &e) == PS_SUCCESS) &&
	    drive_folder(p, &e) == PS_SUCCESS && ops->quit(p, &e) != PS_SUCCESS)
		p->logged_in = false;
	proto_free(p);
	uidl_free(ids);
	close(fd[1]);
}

#endif
