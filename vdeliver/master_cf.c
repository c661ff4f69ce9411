/* master_cf - the inet smtpd services of a master.cf. Runs in: monitor. */

#include "vdeliver/master_cf.h"

#include "base/io.h"

#define FILE_MAX 1000000

/* "all" and "loopback-only" are no host names. */
static void add_hosts(const struct settings *set, struct str port,
    struct buf *out)
{
	struct str list = str_c(set->inet_interfaces), host;

	while (str_word(&list, ", \t\r\n", &host)) {
		if (str_ieqc(host, "all"))
			host = STR("");
		else if (str_ieqc(host, "loopback-only"))
			host = STR("localhost");
		if (str_find(host, ':') >= 0 && *host.p != '[')
			buf_addf(out, "inet:[%.*s]:%.*s ", STR_ARG(host),
			    STR_ARG(port));
		else
			buf_addf(out, "inet:%.*s:%.*s ", STR_ARG(host),
			    STR_ARG(port));
	}
}

/* service type private unpriv chroot wakeup maxproc command */
static void add_line(const struct settings *set, struct str line,
    struct buf *out)
{
	struct str w[8];
	size_t n = 0;

	if (line.n == 0 || *line.p == '#' || str_isspace(*line.p))
		return;
	while (n < NELEM(w) && str_word(&line, " \t\r", &w[n]))
		n++;
	if (n < NELEM(w) || !str_eqc(w[1], "inet") || !str_eqc(w[7], "smtpd"))
		return;
	if (str_find(w[0], ':') >= 0)
		buf_addf(out, "inet:%.*s ", STR_ARG(w[0]));
	else
		add_hosts(set, w[0], out);
}

void master_cf_listen(const struct settings *set, struct buf *out)
{
	AUTO_BUF path = BUF_MAX(4096);
	AUTO_BUF text = BUF_MAX(FILE_MAX);
	struct str rest, line;
	bool more = true;

	buf_addf(&path, "%s/master.cf", set->config_directory);
	if (io_read_file(buf_c(&path), &text, NULL) == ST_OK) {
		rest = buf_str(&text);
		while (more) {
			more = str_cut(&rest, '\n', &line);
			add_line(set, line, out);
		}
	}
	if (out->n == 0)
		buf_addc(out, "inet:127.0.0.1:2525");
}
