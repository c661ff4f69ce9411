/*
 * load - SMTP and LMTP clients in a closed loop: S sessions send M messages; every
 * reply is checked, latencies are kept. Prints one JSON line.
 *
 *   -a ADDR   host:port or unix:/path
 *   -s N      concurrent sessions           -m N   messages in all
 *   -l N      message size in octets        -r N   recipients per message
 *   -n N      mailboxes, used in turn       -f FMT recipient, with one %d
 *   -R        mailboxes at random           -i N   idle sessions besides
 *   -L        LMTP (LHLO, one reply per recipient after the dot)
 *   -P 0|1|2  0: wait for each reply; 1: MAIL, RCPT and DATA in one write (if
 *             the server has PIPELINING); 2: the next envelope with the dot, too
 *   -c        a connection per message      -T N   give up after N seconds
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum st {
	S_IDLE,
	S_CONN,
	S_GREET,
	S_HELO,
	S_MAIL,
	S_RCPT,
	S_DATA,
	S_DOT,
	S_QUIT,
	S_DEAD
};

struct conn {
	int fd, state, msg, rcpt, piped, want_out;
	int pend_mail, pend_rcpt, pend_data,
	    dots;      /* replies still due, in order */
	int next_sent; /* -P 2: next envelope already on the wire */
	int nextmsg;
	double t0, tnext;
	char in[8192];
	int inlen;
	char *out;
	size_t outlen, outoff, outcap;
	const char *tail; /* shared body, written after out */
	size_t taillen, tailoff;
	char fin[2048]; /* dot and, with -P 2, the next envelope */
	size_t finlen, finoff;
};

static int nsess = 1, nmsg = 1000, size = 4096, nrcpt = 1, nbox = 100, lmtp,
	   pipelvl, perconn, maxsec = 120, atrandom, nidle;
static const char *addr, *fmt = "user%03d@example.test";
static struct sockaddr_storage sa;
static socklen_t salen;
static int ep, issued, completed, errors, shown, live, greeting;
static char *body;
static size_t bodylen;
static double *lat;
static long seed;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void complain(const char *w, const char *line)
{
	errors++;
	if (shown++ < 5)
		fprintf(stderr, "load: %s: %s\n", w, line);
}

static void put(struct conn *c, const char *s, size_t n)
{
	if (c->outlen + n > c->outcap) {
		c->outcap = (c->outlen + n) * 2 + 256;
		c->out = realloc(c->out, c->outcap);
		if (!c->out)
			abort();
	}
	memcpy(c->out + c->outlen, s, n);
	c->outlen += n;
}

static void interest(struct conn *c, int out)
{
	if (c->want_out == out)
		return;
	struct epoll_event e = { .events = EPOLLIN | (out ? EPOLLOUT : 0),
		.data.ptr = c };
	epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
	c->want_out = out;
}

static void drop(struct conn *c)
{
	if (c->state == S_GREET)
		greeting--;
	if (c->fd >= 0) {
		close(c->fd);
		c->fd = -1;
	}
	c->state = S_DEAD;
	live--;
}

static int flush(struct conn *c)
{
	for (;;) {
		struct iovec v[3];
		int n = 0;
		if (c->outoff < c->outlen)
			v[n++] = (struct iovec){ c->out + c->outoff,
				c->outlen - c->outoff };
		if (c->tailoff < c->taillen)
			v[n++] = (struct iovec){ (void *)(c->tail + c->tailoff),
				c->taillen - c->tailoff };
		if (c->finoff < c->finlen)
			v[n++] = (struct iovec){ c->fin + c->finoff,
				c->finlen - c->finoff };
		if (!n) {
			c->outlen = c->outoff = c->taillen = c->tailoff =
			    c->finlen = c->finoff = 0;
			interest(c, 0);
			return 0;
		}
		ssize_t k = writev(c->fd, v, n);
		if (k < 0) {
			if (errno == EAGAIN) {
				interest(c, 1);
				return 0;
			}
			if (errno == EINTR)
				continue;
			complain("write", strerror(errno));
			drop(c);
			return -1;
		}
		size_t left = k, m;
		m = c->outlen - c->outoff;
		if (m > left)
			m = left;
		c->outoff += m;
		left -= m;
		m = c->taillen - c->tailoff;
		if (m > left)
			m = left;
		c->tailoff += m;
		left -= m;
		c->finoff += left;
	}
}

/* The same for a message whenever it is asked: it may be sent in parts. */
static int box_of(int msg, int k)
{
	unsigned long n = (unsigned long)msg * nrcpt + k;
	if (atrandom) {
		n = n * 0x9e3779b97f4a7c15UL;
		n ^= n >> 29;
		n *= 0xbf58476d1ce4e5b9UL;
		n ^= n >> 32;
	}
	return (int)(n % nbox);
}

/* Sessions that say EHLO and nothing more; they stay until the end. */
static void open_idle(void)
{
	for (int i = 0; i < nidle; i++) {
		char b[512];
		int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&sa, salen) < 0 ||
		    read(fd, b, sizeof b) <= 0 ||
		    write(fd,
			lmtp ? "LHLO idle.example\r\n"
			     : "EHLO idle.example\r\n",
			19) != 19 ||
		    read(fd, b, sizeof b) <= 0) {
			perror("load: idle session");
			exit(2);
		}
	}
}

static int envelope(char *b, size_t cap, int msg, int all)
{
	int n = snprintf(b, cap, "MAIL FROM:<sender@example.test>\r\n");
	if (!all)
		return n;
	for (int k = 0; k < nrcpt; k++) {
		n += snprintf(b + n, cap - n, "RCPT TO:<");
		n += snprintf(b + n, cap - n, fmt, box_of(msg, k));
		n += snprintf(b + n, cap - n, ">\r\n");
	}
	n += snprintf(b + n, cap - n, "DATA\r\n");
	return n;
}

static void begin(struct conn *c)
{
	char b[65536];
	if (!perconn)
		c->t0 = now(); /* else the clock runs since connect */
	c->rcpt = 0;
	int n = envelope(b, sizeof b, c->msg, c->piped);
	put(c, b, n);
	c->pend_mail = 1;
	if (c->piped) {
		c->pend_rcpt = nrcpt;
		c->pend_data = 1;
	}
	c->state = S_MAIL;
}

static void one_rcpt(struct conn *c)
{
	char b[512];
	int n = snprintf(b, sizeof b, "RCPT TO:<");
	n += snprintf(b + n, sizeof b - n, fmt, box_of(c->msg, c->rcpt));
	n += snprintf(b + n, sizeof b - n, ">\r\n");
	put(c, b, n);
	c->pend_rcpt = 1;
	c->state = S_RCPT;
}

static void content(struct conn *c)
{
	char h[512];
	int n = snprintf(h, sizeof h,
	    "From: Sender <sender@example.test>\r\nTo: list@example.test\r\nSubject: load message %d\r\n"
	    "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <%ld.%d@load.example.test>\r\n"
	    "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n",
	    c->msg, seed, c->msg);
	put(c, h, n);
	size_t rest = size > n + 2 ? (size_t)(size - n) : 2;
	if (rest > bodylen)
		rest = bodylen;
	c->tail = body +
	    (bodylen - rest); /* always ends in CRLF; first line may be short */
	c->taillen = rest;
	c->tailoff = 0;
	memcpy(c->fin, ".\r\n", 3);
	c->finlen = 3;
	c->finoff = 0;
	c->next_sent = 0;
	if (pipelvl == 2 && c->piped && !perconn && nrcpt <= 16 &&
	    issued < nmsg) {
		c->nextmsg = issued++;
		c->finlen +=
		    envelope(c->fin + 3, sizeof c->fin - 3, c->nextmsg, 1);
		c->next_sent = 1;
	}
	c->dots = lmtp ? nrcpt : 1;
	c->state = S_DOT;
}

static int start(struct conn *c)
{
	c->fd =
	    socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		perror("socket");
		exit(2);
	}
	if (sa.ss_family != AF_UNIX) {
		int on = 1;
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	}
	c->inlen = 0;
	c->outlen = c->outoff = c->taillen = c->tailoff = c->finlen =
	    c->finoff = 0;
	c->pend_mail = c->pend_rcpt = c->pend_data = c->dots = 0;
	c->piped = 0;
	c->next_sent = 0;
	c->want_out = 0;
	c->state = S_GREET;
	c->t0 = now();
	if (connect(c->fd, (struct sockaddr *)&sa, salen) < 0 &&
	    errno != EINPROGRESS) {
		if (errno ==
		    EAGAIN) { /* UNIX socket backlog full: block for it */
			int fl = fcntl(c->fd, F_GETFL);
			fcntl(c->fd, F_SETFL, fl & ~O_NONBLOCK);
			if (connect(c->fd, (struct sockaddr *)&sa, salen) ==
			    0) {
				fcntl(c->fd, F_SETFL, fl);
				goto ok;
			}
		}
		complain("connect", strerror(errno));
		close(c->fd);
		c->fd = -1;
		c->state = S_DEAD;
		return -1;
	}
ok:;
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
	live++;
	greeting++;
	return 0;
}

static void dot_answered(struct conn *c, int code, const char *line)
{
	if (code != 250)
		complain("dot", line);
	if (--c->dots)
		return;
	lat[completed++] = now() - c->t0;
	if (c->next_sent) {
		c->msg = c->nextmsg;
		c->t0 = now();
		c->rcpt = 0;
		c->pend_mail = 1;
		c->pend_rcpt = nrcpt;
		c->pend_data = 1;
		c->state = S_MAIL;
	} else if (!perconn && issued < nmsg) {
		c->msg = issued++;
		begin(c);
	} else {
		put(c, "QUIT\r\n", 6);
		c->state = S_QUIT;
	}
}

/* One complete reply.  Returns -1 when the connection is gone. */
static int reply(struct conn *c, int code, const char *line)
{
	switch (c->state) {
	case S_GREET:
		if (code != 220) {
			complain("greeting", line);
			drop(c);
			return -1;
		}
		greeting--;
		put(c,
		    lmtp ? "LHLO load.example.test\r\n"
			 : "EHLO load.example.test\r\n",
		    24);
		c->state = S_HELO;
		break;
	case S_HELO:
		if (code != 250) {
			complain("hello", line);
			drop(c);
			return -1;
		}
		begin(c);
		break;
	case S_MAIL:
	case S_RCPT:
	case S_DATA:
		if (c->pend_mail) {
			if (code != 250) {
				complain("MAIL", line);
				drop(c);
				return -1;
			}
			c->pend_mail = 0;
			if (!c->piped)
				one_rcpt(c);
		} else if (c->pend_rcpt) {
			if (code != 250) {
				complain("RCPT", line);
				drop(c);
				return -1;
			}
			c->pend_rcpt--;
			c->rcpt++;
			if (!c->piped) {
				if (c->rcpt < nrcpt)
					one_rcpt(c);
				else {
					put(c, "DATA\r\n", 6);
					c->pend_data = 1;
					c->state = S_DATA;
				}
			}
		} else {
			if (code != 354) {
				complain("DATA", line);
				drop(c);
				return -1;
			}
			c->pend_data = 0;
			content(c);
		}
		break;
	case S_DOT:
		dot_answered(c, code, line);
		break;
	case S_QUIT:
		drop(c);
		if (perconn && issued < nmsg) {
			c->msg = issued++;
			start(c);
		}
		return -1;
	}
	return 0;
}

static void readable(struct conn *c)
{
	ssize_t k = read(c->fd, c->in + c->inlen, sizeof c->in - 1 - c->inlen);
	if (k <= 0) {
		if (k < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (c->state != S_QUIT)
			complain("connection lost",
			    k < 0 ? strerror(errno) : "EOF");
		int again = c->state == S_QUIT && perconn && issued < nmsg;
		drop(c);
		if (again) {
			c->msg = issued++;
			start(c);
		}
		return;
	}
	c->inlen += k;
	c->in[c->inlen] = 0;
	char *p = c->in, *e;
	while ((e = memchr(p, '\n', c->in + c->inlen - p))) {
		char *line = p;
		*e = 0;
		p = e + 1;
		if (c->state == S_HELO && strstr(line, "PIPELINING") && pipelvl)
			c->piped = 1;
		if (strlen(line) >= 4 && line[3] == '-')
			continue;
		if (reply(c, atoi(line), line) < 0)
			return;
	}
	c->inlen -= p - c->in;
	memmove(c->in, p, c->inlen);
	if (c->inlen == (int)sizeof c->in - 1) {
		complain("reply", "line too long");
		drop(c);
		return;
	}
	if (c->outlen || c->taillen || c->finlen)
		flush(c);
}

static int cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void resolve(void)
{
	if (!strncmp(addr, "unix:", 5)) {
		struct sockaddr_un *u = (void *)&sa;
		u->sun_family = AF_UNIX;
		snprintf(u->sun_path, sizeof u->sun_path, "%s", addr + 5);
		salen = sizeof *u;
		return;
	}
	char h[256];
	snprintf(h, sizeof h, "%s", addr);
	char *p = strrchr(h, ':');
	if (!p) {
		fprintf(stderr, "load: bad address\n");
		exit(2);
	}
	*p++ = 0;
	struct addrinfo *ai,
	    hint = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	if (getaddrinfo(h, p, &hint, &ai)) {
		fprintf(stderr, "load: bad address\n");
		exit(2);
	}
	memcpy(&sa, ai->ai_addr, ai->ai_addrlen);
	salen = ai->ai_addrlen;
}

/* 0: the usage was told. */
static int options(int argc, char **argv)
{
	int o;
	while ((o = getopt(argc, argv, "a:s:m:l:r:n:f:LP:cT:Ri:")) != -1)
		switch (o) {
		case 'a':
			addr = optarg;
			break;
		case 's':
			nsess = atoi(optarg);
			break;
		case 'm':
			nmsg = atoi(optarg);
			break;
		case 'l':
			size = atoi(optarg);
			break;
		case 'r':
			nrcpt = atoi(optarg);
			break;
		case 'n':
			nbox = atoi(optarg);
			break;
		case 'f':
			fmt = optarg;
			break;
		case 'L':
			lmtp = 1;
			break;
		case 'P':
			pipelvl = atoi(optarg);
			break;
		case 'c':
			perconn = 1;
			break;
		case 'R':
			atrandom = 1;
			break;
		case 'i':
			nidle = atoi(optarg);
			break;
		case 'T':
			maxsec = atoi(optarg);
			break;
		default:
			return 0;
		}
	if (!addr || nsess < 1 || nmsg < 1 || nrcpt < 1 || nbox < 1 ||
	    size < 1) {
		fprintf(stderr,
		    "usage: load -a ADDR [-s sessions -m messages -l bytes -r rcpts -n boxes -L -P 0|1|2 -c]\n");
		return 0;
	}
	return 1;
}

static void make_body(void)
{
	bodylen = size + 80;
	bodylen = (bodylen / 74 + 1) * 74;
	body = malloc(bodylen);
	for (size_t i = 0; i < bodylen; i++) {
		size_t k = i % 74;
		body[i] = k == 72 ? '\r'
		    : k == 73     ? '\n'
				  : 'a' + (i * 7 + i / 74) % 26;
	}
}

static void run(double end)
{
	struct conn *cs = calloc(nsess, sizeof *cs);

	/* Open sessions a few at a time: some servers listen with a backlog of 5. */
	int opened = 0;
	while ((live > 0 || opened < nsess) && now() < end) {
		struct epoll_event ev[64];
		while (opened < nsess && greeting < 4 && issued < nmsg) {
			cs[opened].msg = issued++;
			start(&cs[opened++]);
		}
		if (issued >= nmsg)
			opened = nsess;
		int n = epoll_wait(ep, ev, 64, 1000);
		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;
			if (c->fd < 0)
				continue;
			if (ev[i].events & EPOLLOUT) {
				if (flush(c) < 0)
					continue;
			}
			if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				readable(c);
		}
	}
	free(cs);
}

static void print(double el)
{
	struct rusage u;
	double cpu;

	qsort(lat, completed, sizeof *lat, cmp);
	getrusage(RUSAGE_SELF, &u);
	cpu = u.ru_utime.tv_sec + u.ru_stime.tv_sec +
	    (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
	printf(
	    "{\"sessions\":%d,\"size\":%d,\"rcpts\":%d,\"lmtp\":%d,\"pipeline\":%d,\"perconn\":%d,\"msgs\":%d,\"ok\":%d,"
	    "\"errors\":%d,\"seconds\":%.4f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"cpu_s\":%.3f}\n",
	    nsess, size, nrcpt, lmtp, pipelvl, perconn, nmsg, completed, errors,
	    el, completed / el, completed ? lat[completed / 2] * 1e3 : 0,
	    completed ? lat[(int)(completed * 0.99)] * 1e3 : 0,
	    completed ? lat[completed - 1] * 1e3 : 0, cpu);
}

int main(int argc, char **argv)
{
	double t0;

	if (!options(argc, argv))
		return 2;
	if (nsess > nmsg)
		nsess = nmsg;
	resolve();
	open_idle();
	signal(SIGPIPE, SIG_IGN);
	seed = (long)getpid() * 100003 + time(NULL);
	make_body();
	lat = calloc(nmsg, sizeof *lat);
	ep = epoll_create1(EPOLL_CLOEXEC);
	t0 = now();
	run(t0 + maxsec);
	print(now() - t0);
	return completed == nmsg && !errors ? 0 : 1;
}
