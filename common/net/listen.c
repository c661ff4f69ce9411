/* listen - host:port and UNIX paths that wait for clients. */

#include "net/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"

#define BACKLOG 1024

static bool copy(char *to, size_t size, struct str from)
{
	if (from.n >= size || memchr(from.p, '\0', from.n) != NULL)
		return false;
	memcpy(to, from.p, from.n);
	to[from.n] = '\0';
	return true;
}

static enum st bad(struct err *e, struct str text, const char *why)
{
	return err_temp(e, "",
	    "vdeliver_listen: \"%.*s\": %s; write "
	    "[lmtp:|smtps:|lmtps:]inet:HOST:PORT or smtp:unix:PATH or "
	    "lmtp:unix:PATH",
	    STR_ARG(text), why);
}

static enum st parse_unix(struct listen_item *item, struct str path,
    const char *dir, struct err *e, struct str text)
{
	char full[512];

	if (path.n == 0)
		return bad(e, text, "no path");
	snprintf(full, sizeof(full), "%s%s%.*s", path.p[0] == '/' ? "" : dir,
	    path.p[0] == '/' ? "" : "/", STR_ARG(path));
	if (!copy(item->path, sizeof(item->path), str_c(full)))
		return bad(e, text, "path longer than 107 characters");
	item->is_unix = true;
	return ST_OK;
}

static enum st parse_inet(struct listen_item *item, struct str at,
    struct err *e, struct str text)
{
	ptrdiff_t colon = str_rfind(at, ':');
	struct str host = str_head(at, colon < 0 ? 0 : (size_t)colon);
	struct str port = colon < 0 ? at : str_skip(at, (size_t)colon + 1);

	if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
		host = str_head(str_skip(host, 1), host.n - 2);
	else if (str_find(host, ':') >= 0)
		return bad(e, text, "an IPv6 address needs brackets");
	if (str_eqc(host, "*"))
		host.n = 0;
	if (port.n == 0 || !copy(item->port, sizeof(item->port), port))
		return bad(e, text, "no port");
	if (!copy(item->host, sizeof(item->host), host))
		return bad(e, text, "host name too long");
	return ST_OK;
}

static const struct {
	struct str prefix;
	enum listen_proto proto;
	bool tls;
} kinds[] = {
	{ { "smtp:", 5 }, LISTEN_SMTP, false },
	{ { "smtps:", 6 }, LISTEN_SMTP, true },
	{ { "lmtp:", 5 }, LISTEN_LMTP, false },
	{ { "lmtps:", 6 }, LISTEN_LMTP, true },
};

enum st listen_parse(struct listen_item *item, struct str text, const char *dir,
    struct err *e)
{
	struct str rest = text;
	size_t i;

	memset(item, 0, sizeof(*item));
	if (!copy(item->text, sizeof(item->text), text))
		return bad(e, text, "too long");
	for (i = 0; i < NELEM(kinds); i++) {
		if (!str_istarts(text, kinds[i].prefix))
			continue;
		item->proto = kinds[i].proto;
		item->tls = kinds[i].tls;
		rest = str_skip(text, kinds[i].prefix.n);
	}
	if (str_istarts(rest, STR("unix:")) && item->tls)
		return bad(e, text, "no TLS on a UNIX socket");
	if (str_istarts(rest, STR("unix:")))
		return parse_unix(item, str_skip(rest, 5), dir, e, text);
	if (str_istarts(rest, STR("inet:")))
		return parse_inet(item, str_skip(rest, 5), e, text);
	return bad(e, text, "neither inet: nor unix:");
}

static enum st open_tcp(const struct addrinfo *ai, int *out, struct err *e)
{
	char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
	int on = 1;
	AUTO_FD fd = socket(ai->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);

	getnameinfo(ai->ai_addr, ai->ai_addrlen, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	if (fd < 0)
		return err_temp(e, "", "socket for [%s]:%s: %m", host, port);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    (ai->ai_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) !=
		    0))
		return err_temp(e, "", "setsockopt for [%s]:%s: %m", host,
		    port);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0)
		return err_temp(e, "", "bind %s port %s: %m%s", host, port,
		    errno == EADDRINUSE
			? " (another mail server or vdeliver runs there; stop "
			  "it or change vdeliver_listen)"
			: errno == EACCES ? " (ports below 1024 need root)"
					  : "");
	if (listen(fd, BACKLOG) != 0)
		return err_temp(e, "", "listen %s port %s: %m", host, port);
	*out = fd_take(&fd);
	return ST_OK;
}

static void close_all(int *fds, size_t n)
{
	while (n != 0)
		fd_clear(&fds[--n]);
}

static enum st open_inet(const struct listen_item *item, int *fds, size_t max,
    size_t *n, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE },
			*list, *ai;
	int rc = getaddrinfo(item->host[0] != '\0' ? item->host : NULL,
	    item->port, &hints, &list);
	enum st st = ST_OK;

	*n = 0;
	if (rc != 0)
		return err_temp(e, "", "vdeliver_listen: \"%s\": %s",
		    item->text, gai_strerror(rc));
	for (ai = list; ai != NULL && *n < max && st == ST_OK;
	     ai = ai->ai_next) {
		st = open_tcp(ai, &fds[*n], e);
		if (st == ST_OK)
			(*n)++;
		else if (errno == EAFNOSUPPORT && item->host[0] == '\0')
			st = ST_OK; /* "all" means all that there are */
	}
	freeaddrinfo(list);
	if (st == ST_OK && *n == 0)
		st = err_temp(e, "", "vdeliver_listen: \"%s\": no address",
		    item->text);
	if (st != ST_OK)
		close_all(fds, *n);
	return st;
}

/* A socket file that nobody listens on any more is in the way. */
static void remove_stale(const struct sockaddr_un *at)
{
	struct stat sb;
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || lstat(at->sun_path, &sb) != 0 || !S_ISSOCK(sb.st_mode))
		return;
	if (connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 &&
	    errno == ECONNREFUSED)
		unlink(at->sun_path);
}

static enum st open_unix(const struct listen_item *item, int *out,
    struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	AUTO_FD fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_temp(e, "", "socket: %m");
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", item->path);
	remove_stale(&at);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		return err_temp(e, "", "bind %s: %m%s", item->path,
		    errno == EADDRINUSE ? " (another vdeliver runs there)"
					: "");
	if (chmod(item->path, 0666) != 0)
		return err_temp(e, "", "chmod %s: %m", item->path);
	if (listen(fd, BACKLOG) != 0)
		return err_temp(e, "", "listen %s: %m", item->path);
	*out = fd_take(&fd);
	return ST_OK;
}

enum st listen_open(const struct listen_item *item, int *fds, size_t max,
    size_t *n, struct err *e)
{
	if (!item->is_unix)
		return open_inet(item, fds, max, n, e);
	*n = 1;
	return open_unix(item, fds, e);
}

unsigned listen_port(int fd)
{
	struct sockaddr_storage at;
	socklen_t n = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		return 0;
	if (at.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&at)->sin_port);
	if (at.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
	return 0;
}
