/*
 * sink - the smallest SMTP/LMTP server that can be measured: it believes
 * every client, checks nothing, and either forgets the mail or puts it into
 * Maildirs.  It answers "what would a server with no overhead reach here?",
 * with the load generator on the same processors.
 *
 *   -a ADDR  host:port or unix:/path      -L  announce LMTP behaviour
 *   -M none    250 at once, nothing kept: protocol-only limit
 *      nosync  write + rename by the epoll thread, no sync
 *      pool    -w workers: write, fsync, rename, fsync(new/), then 250
 *      sfr     -w workers: write, data out, rename, fsync(file), fsync(new/)
 *      group   one committer: take everything that is waiting, write it, data
 *              out, rename, ONE syncfs, answer all
 *      pipe    one committer: one syncfs covers the renames of the batch before
 *              and the data of this one
 *   -d DIR -n N   Maildirs DIR/user000 ... (made here)
 *   -q            TCP_QUICKACK after every read (helps clients that write line by line)
 *   -H            hard links instead of copies for 2nd and later recipients
 * Prints "ready" when it listens.  Stops on SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/boxes.h"

enum mode {
	M_NONE,
	M_NOSYNC,
	M_POOL,
	M_SFR,
	M_GROUP,
	M_PIPE,
	M_NUM
};
static const char *mname[] = { "none", "nosync", "pool", "sfr", "group",
	"pipe" };
static int mode, lmtp, hard, quick, nwork = 16, nbox = 100;
static const char *addr, *root;
static int ep, efd;
static unsigned long serial;

struct conn {
	int fd, data, busy, dead, nr, cap;
	int *rc;
	char *in;
	size_t len, max, scan;
	char *msg; /* the finished message, LF line ends */
	size_t mlen;
	unsigned long id;
	int mfd;
	struct conn *next;
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static struct conn *todo, **todo_tail = &todo, *done_l;

static void die(const char *w)
{
	fprintf(stderr, "sink: %s: %s\n", w, strerror(errno));
	exit(2);
}

static void put(struct conn *c, const char *s, size_t n)
{
	while (n) {
		ssize_t k = write(c->fd, s, n);
		if (k < 0) {
			if (errno == EAGAIN)
				continue;
			c->dead = 1;
			return;
		}
		s += k;
		n -= k;
	}
}

static void nm(char *b, unsigned long id, int k)
{
	sprintf(b, "1700000000.M%luR%d.sink", id, k);
}

static int mk(struct conn *c, int k)
{
	char b[80];
	nm(b, c->id, k);
	int fd = openat(fd_tmp[c->rc[k]], b,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		die("open tmp");
	for (size_t o = 0; o < c->mlen;) {
		ssize_t r = write(fd, c->msg + o, c->mlen - o);
		if (r < 0)
			die("write");
		o += r;
	}
	return fd;
}

static void mv(struct conn *c, int k)
{
	char b[80];
	nm(b, c->id, k);
	if (renameat(fd_tmp[c->rc[k]], b, fd_new[c->rc[k]], b))
		die("rename");
}

static void links(struct conn *c)
{
	char a[80], b[80];
	nm(a, c->id, 0);
	for (int k = 1; k < c->nr; k++) {
		nm(b, c->id, k);
		if (linkat(fd_new[c->rc[0]], a, fd_new[c->rc[k]], b, 0))
			die("link");
	}
}

static void sfr(int fd)
{
	if (sync_file_range(fd, 0, 0,
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
		    SYNC_FILE_RANGE_WAIT_AFTER))
		die("sync_file_range");
}

static void finished(struct conn *c)
{
	pthread_mutex_lock(&mu);
	c->next = done_l;
	done_l = c;
	pthread_mutex_unlock(&mu);
	uint64_t one = 1;
	if (write(efd, &one, 8) != 8)
		die("eventfd");
}

static void *worker(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_mutex_lock(&mu);
		while (!todo)
			pthread_cond_wait(&cv, &mu);
		struct conn *c = todo;
		todo = c->next;
		if (!todo)
			todo_tail = &todo;
		pthread_mutex_unlock(&mu);
		int files = hard ? 1 : c->nr;
		for (int k = 0; k < files; k++) {
			int fd = mk(c, k);
			if (mode == M_SFR) {
				sfr(fd);
				mv(c, k);
				if (hard)
					links(c);
				if (fsync(fd))
					die("fsync");
			} else {
				if (fsync(fd))
					die("fsync");
				mv(c, k);
				if (hard)
					links(c);
			}
			close(fd);
		}
		for (int k = 0; k < c->nr; k++)
			if (fsync(fd_new[c->rc[k]]))
				die("fsync dir");
		finished(c);
	}
	return NULL;
}

static void *committer(void *arg)
{
	(void)arg;
	struct conn *r = NULL;
	for (;;) {
		pthread_mutex_lock(&mu);
		while (!todo && !r)
			pthread_cond_wait(&cv, &mu);
		struct conn *w = todo, *c, *nx;
		todo = NULL;
		todo_tail = &todo;
		pthread_mutex_unlock(&mu);
		if (mode == M_GROUP) {
			int nf = 0, cap = 0, *fds = NULL;
			for (c = w; c; c = c->next)
				for (int k = 0; k < (hard ? 1 : c->nr); k++) {
					if (nf == cap)
						fds = realloc(fds,
						    sizeof(int) *
							(cap = cap * 2 + 64));
					fds[nf] = mk(c, k);
					sync_file_range(fds[nf++], 0, 0,
					    SYNC_FILE_RANGE_WRITE);
				}
			nf = 0;
			for (c = w; c; c = c->next) {
				for (int k = 0; k < (hard ? 1 : c->nr); k++) {
					sfr(fds[nf]);
					close(fds[nf++]);
					mv(c, k);
				}
				if (hard)
					links(c);
			}
			free(fds);
			if (syncfs(rootfd))
				die("syncfs");
			for (c = w; c; c = nx) {
				nx = c->next;
				finished(c);
			}
		} else {
			for (c = w; c; c = c->next)
				for (int k = 0; k < (hard ? 1 : c->nr); k++)
					close(mk(c, k));
			if (syncfs(rootfd))
				die("syncfs");
			for (c = r; c; c = nx) {
				nx = c->next;
				finished(c);
			}
			for (c = w; c; c = c->next) {
				for (int k = 0; k < (hard ? 1 : c->nr); k++)
					mv(c, k);
				if (hard)
					links(c);
			}
			r = w;
		}
	}
	return NULL;
}

static void answer(struct conn *c)
{
	static const char ok[] = "250 2.0.0 Ok: delivered\r\n";
	int n = lmtp ? c->nr : 1;
	for (int i = 0; i < n; i++)
		put(c, ok, sizeof ok - 1);
	c->nr = 0;
	c->busy = 0;
}

static void gone(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->dead = 1;
	if (c->busy)
		return;
	free(c->in);
	free(c->msg);
	free(c->rc);
	free(c);
}

static void message(struct conn *c, char *p, size_t n)
{
	c->id = ++serial;
	if (mode == M_NONE) {
		answer(c);
		return;
	}
	c->msg = realloc(c->msg, n + 256);
	size_t o = sprintf(c->msg,
	    "Return-Path: <sender@example.test>\nReceived: from load by sink id %lu\n",
	    c->id);
	char *e = p + n;
	while (p < e) { /* CRLF -> LF, unstuff dots */
		char *q = memchr(p, '\n', e - p);
		size_t k = (q ? q : e) - p;
		if (*p == '.') {
			p++;
			k--;
		}
		if (k && p[k - 1] == '\r')
			k--;
		memcpy(c->msg + o, p, k);
		o += k;
		c->msg[o++] = '\n';
		p = q ? q + 1 : e;
	}
	c->mlen = o;
	if (mode == M_NOSYNC) {
		for (int k = 0; k < (hard ? 1 : c->nr); k++) {
			close(mk(c, k));
			mv(c, k);
		}
		if (hard)
			links(c);
		answer(c);
		return;
	}
	c->busy = 1;
	c->next = NULL;
	pthread_mutex_lock(&mu);
	*todo_tail = c;
	todo_tail = &c->next;
	pthread_cond_signal(&cv);
	pthread_mutex_unlock(&mu);
}

static int process(struct conn *c) /* returns -1 if the connection was closed */
{
	size_t off = 0;
	char out[4096];
	size_t on = 0;
#define SAY(s)                                     \
	do {                                       \
		if (on + sizeof s > sizeof out) {  \
			put(c, out, on);           \
			on = 0;                    \
		}                                  \
		memcpy(out + on, s, sizeof s - 1); \
		on += sizeof s - 1;                \
	} while (0)
	while (!c->busy && off < c->len) {
		if (c->data) {
			size_t from = c->scan > off + 4 ? c->scan - 4 : off;
			char *e;
			size_t skip;
			if (c->len - off >= 3 &&
			    !memcmp(c->in + off, ".\r\n", 3)) {
				e = c->in + off;
				skip = 3;
			} else {
				e = memmem(c->in + from, c->len - from,
				    "\r\n.\r\n", 5);
				skip = 5;
			}
			if (!e) {
				c->scan = c->len;
				break;
			}
			char *b = c->in + off;
			off = e - c->in + skip;
			c->data = 0;
			c->scan = 0;
			if (on) {
				put(c, out, on);
				on = 0;
			}
			message(c, b, e - b);
			continue;
		}
		char *b = c->in + off, *e = memchr(b, '\n', c->len - off);
		if (!e)
			break;
		off = e + 1 - c->in;
		if (!strncasecmp(b, "RCPT", 4)) {
			char *u = memmem(b, e - b, "user", 4);
			if (c->nr == c->cap)
				c->rc = realloc(c->rc,
				    sizeof(int) * (c->cap = c->cap * 2 + 4));
			c->rc[c->nr++] = u ? atoi(u + 4) % nbox : 0;
			SAY("250 2.1.5 Ok\r\n");
		} else if (!strncasecmp(b, "MAIL", 4)) {
			c->nr = 0;
			SAY("250 2.1.0 Ok\r\n");
		} else if (!strncasecmp(b, "DATA", 4)) {
			c->data = 1;
			c->scan = 0;
			SAY("354 go ahead\r\n");
		} else if (!strncasecmp(b, "EHLO", 4) ||
		    !strncasecmp(b, "LHLO", 4))
			SAY("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 0\r\n");
		else if (!strncasecmp(b, "QUIT", 4)) {
			SAY("221 bye\r\n");
			put(c, out, on);
			gone(c);
			return -1;
		} else
			SAY("250 Ok\r\n");
	}
	if (on)
		put(c, out, on);
	if (off) {
		c->len -= off;
		memmove(c->in, c->in + off, c->len);
		c->scan = c->scan > off ? c->scan - off : 0;
	}
	return 0;
}

static int listen_on(void)
{
	struct sockaddr_storage sa;
	socklen_t len;
	memset(&sa, 0, sizeof sa);
	if (!strncmp(addr, "unix:", 5)) {
		struct sockaddr_un *u = (void *)&sa;
		u->sun_family = AF_UNIX;
		snprintf(u->sun_path, sizeof u->sun_path, "%s", addr + 5);
		unlink(u->sun_path);
		len = sizeof *u;
	} else {
		char h[256];
		snprintf(h, sizeof h, "%s", addr);
		char *p = strrchr(h, ':');
		struct addrinfo *ai,
		    hint = { .ai_socktype = SOCK_STREAM,
			    .ai_flags = AI_NUMERICHOST | AI_PASSIVE };
		if (!p)
			die("address");
		*p++ = 0;
		if (getaddrinfo(h, p, &hint, &ai))
			die("address");
		memcpy(&sa, ai->ai_addr, ai->ai_addrlen);
		len = ai->ai_addrlen;
	}
	int fd = socket(sa.ss_family,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
	    on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (void *)&sa, len) || listen(fd, 1024))
		die("listen");
	return fd;
}

/* 0: the usage was told. */
static int options(int argc, char **argv)
{
	int o;
	while ((o = getopt(argc, argv, "a:LM:w:d:n:Hq")) != -1)
		switch (o) {
		case 'a':
			addr = optarg;
			break;
		case 'L':
			lmtp = 1;
			break;
		case 'M':
			for (mode = 0;
			     mode < M_NUM && strcmp(optarg, mname[mode]);
			     mode++)
				;
			break;
		case 'w':
			nwork = atoi(optarg);
			break;
		case 'd':
			root = optarg;
			break;
		case 'n':
			nbox = atoi(optarg);
			break;
		case 'H':
			hard = 1;
			break;
		case 'q':
			quick = 1;
			break;
		default:
			return 0;
		}
	if (!addr || mode == M_NUM || (mode && !root)) {
		fprintf(stderr, "usage: see sink.c\n");
		return 0;
	}
	return 1;
}

static void take_clients(int lfd)
{
	struct epoll_event e = { .events = EPOLLIN };
	int fd;
	while ((fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
	    0) {
		int on = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		struct conn *c = calloc(1, sizeof *c);
		c->fd = fd;
		c->max = 16384;
		c->in = malloc(c->max);
		e.events = EPOLLIN;
		e.data.ptr = c;
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
		put(c, lmtp ? "220 sink LMTP\r\n" : "220 sink SMTP\r\n", 15);
	}
}

static void answer_done(void)
{
	uint64_t v;
	if (read(efd, &v, 8) != 8)
		return;
	pthread_mutex_lock(&mu);
	struct conn *d = done_l, *nx;
	done_l = NULL;
	pthread_mutex_unlock(&mu);
	for (; d; d = nx) {
		nx = d->next;
		if (d->dead) {
			d->busy = 0;
			gone(d);
			continue;
		}
		answer(d);
		process(d);
	}
}

static void take_input(struct conn *c)
{
	if (c->len == c->max)
		c->in = realloc(c->in, c->max *= 2);
	ssize_t k = read(c->fd, c->in + c->len, c->max - c->len);
	if (k <= 0) {
		if (k < 0 && errno == EAGAIN)
			return;
		gone(c);
		return;
	}
	if (quick) {
		int on = 1;
		setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
	}
	c->len += k;
	if (!c->busy)
		process(c);
}

static void start_threads(void)
{
	pthread_t t;

	if (mode == M_POOL || mode == M_SFR)
		for (int i = 0; i < nwork; i++)
			pthread_create(&t, NULL, worker, NULL);
	if (mode == M_GROUP || mode == M_PIPE)
		pthread_create(&t, NULL, committer, NULL);
}

static int set_up(void)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
	struct rlimit rl;
	int lfd;

	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	if (root) {
		boxes_make(root, nbox);
		serial = (unsigned long)time(NULL) * 100000;
	}
	ep = epoll_create1(EPOLL_CLOEXEC);
	efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	lfd = listen_on();
	epoll_ctl(ep, EPOLL_CTL_ADD, lfd, &e);
	e.data.ptr = &efd;
	epoll_ctl(ep, EPOLL_CTL_ADD, efd, &e);
	return lfd;
}

int main(int argc, char **argv)
{
	struct epoll_event ev[128];
	int lfd, n;

	if (!options(argc, argv))
		return 2;
	lfd = set_up();
	start_threads();
	puts("ready");
	fflush(stdout);
	for (;;) {
		n = epoll_wait(ep, ev, 128, -1);
		for (int i = 0; i < n; i++)
			if (ev[i].data.ptr == NULL)
				take_clients(lfd);
			else if (ev[i].data.ptr == &efd)
				answer_done();
			else
				take_input(ev[i].data.ptr);
	}
}
