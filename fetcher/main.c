/* fetcher - settings, lock, rounds, exit states. Runs in: parent. */

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "fetcher/account.h"
#include "fetcher/cli.h"
#include "fetcher/daemon.h"
#include "fetcher/headway.h"
#include "fetcher/instance.h"
#include "fetcher/password.h"
#include "fetcher/paths.h"
#include "fetcher/pidfile.h"
#include "fetcher/rc_parse.h"
#include "fetcher/report.h"
#include "fetcher/round.h"
#include "fetcher/show.h"
#include "fetcher/tidings.h"

#define RC_MAX (16u << 20)

struct program {
	struct cli cli;
	struct config config;
	struct paths paths;
	struct account *accounts;
	const char *pidfile, *idfile;
	bool locked;
	int64_t interval; /* 0: one round */
	time_t rc_time;   /* when the rc was changed last */
	char **argv;
};

static int finish(struct program *p, int status)
{
	if (p->locked)
		pidfile_release(p->pidfile);
	if (report_verbose())
		report_note("normal termination, status %d", status);
	return status;
}

static const char *rc_path(const struct program *p)
{
	return p->cli.rc != NULL ? p->cli.rc : p->paths.rc;
}

/* --- the rc file --------------------------------------------------------- */

static int check_file(const char *file)
{
	struct err e;

	if (paths_check(file, &e) != ST_TEMP)
		return -1;
	fprintf(stderr, "%s\n", e.text);
	return PS_IOERR;
}

static int read_rc(struct program *p, struct buf *text)
{
	const char *rc = rc_path(p);
	char dir[PATH_MAX];
	struct err e;
	enum st st;

	if (strcmp(rc, "-") == 0) {
		st = io_slurp(STDIN_FILENO, "standard input", text, &e);
	} else {
		if (access(rc, F_OK) != 0) {
			if (p->cli.rc == NULL)
				return -1; /* none is an empty one */
			report_error("%s: not found; name the rc file by -f",
			    rc);
			return PS_SYNTAX;
		}
		st = io_read_file(rc, text, &e);
	}
	if (st != ST_OK) {
		report_error("%s", e.text);
		return PS_IOERR;
	}
	if (realpath(rc, dir) != NULL)
		p->config.rc_dir =
		    arena_strz(&p->config.arena, str_c(dirname(dir)));
	if (rc_parse(&p->config, rc, buf_str(text), &e) == ST_OK)
		return -1;
	fprintf(stderr, "%s:%s\n", report_prog(), e.text);
	if (p->config.also_wrong != NULL)
		fprintf(stderr, "%s:%s\n", report_prog(), p->config.also_wrong);
	return PS_SYNTAX;
}

static int load(struct program *p)
{
	AUTO_BUF text = BUF_MAX(RC_MAX);
	const char *rc = rc_path(p);
	int rcode = -1;

	p->config.end = &p->config.records;
	if (!p->cli.version)
		rcode = check_file(rc);
	if (rcode < 0)
		rcode = read_rc(p, &text);
	if (rcode < 0)
		options_merge(&p->config.global, &p->cli.opts, false,
		    &p->config.arena);
	return rcode;
}

/* --- rounds -------------------------------------------------------------- */

static time_t rc_mtime(const struct program *p)
{
	struct stat sb;

	return stat(rc_path(p), &sb) == 0 ? sb.st_mtime : 0;
}

/* A changed rc file that cannot be used is not what ends a daemon. */
static bool rc_is_good(const struct program *p)
{
	AUTO_BUF text = BUF_MAX(RC_MAX);
	struct config fresh = { .end = &fresh.records };
	struct err e;
	bool good = paths_check(rc_path(p), &e) == ST_OK &&
	    io_read_file(rc_path(p), &text, &e) == ST_OK &&
	    rc_parse(&fresh, rc_path(p), buf_str(&text), &e) == ST_OK;

	if (!good)
		report_error("%s was changed and cannot be used; the old "
			     "settings stay: %s",
		    rc_path(p), e.text);
	arena_clear(&fresh.arena);
	return good;
}

/* Begin anew with the same arguments, process and lock. */
static void restart_if_changed(struct program *p)
{
	time_t now = rc_mtime(p);

	if (now == p->rc_time || now == 0)
		return;
	p->rc_time = now;
	if (!rc_is_good(p))
		return;
	report_note("restarting fetchmail (%s changed)", rc_path(p));
	daemon_hold(true); /* the end must find somebody who removes the lock */
	execv("/proc/self/exe", p->argv);
	daemon_hold(false);
	report_error("the restart failed: %m");
}

static void wake(struct program *p, int sig)
{
	report_note("awakened by signal %d", sig);
	tidings_wake(p->accounts);
}

static int rounds(struct program *p)
{
	struct round r = { .accounts = p->accounts,
		.idfile = p->idfile,
		.check = p->cli.check,
		.daemon = p->interval > 0,
		.detached = p->interval > 0 && !p->cli.nodetach };
	enum status status = round_run(&r);
	int sig = 0;

	while (p->interval > 0 && daemon_ended_by() == 0) {
		sig = daemon_sleep(p->interval);
		if (daemon_ended_by() != 0)
			break;
		if (sig != 0)
			wake(p, sig);
		restart_if_changed(p);
		r.turn++;
		status = round_run(&r);
	}
	if (daemon_ended_by() != 0)
		report_note("terminated with signal %d", daemon_ended_by());
	if (status == PS_NOMAIL)
		return (int)opt_num(&p->config.global, OPT_NOMAILSTATUS);
	return (int)status;
}

/* --- start --------------------------------------------------------------- */

static int open_log(const struct program *p, const char *log)
{
	int fd;

	if (log == NULL || p->cli.nodetach)
		return -1;
	fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		report_error("log file %s: %m", log);
	return fd;
}

/* showdots, or -v where nobody keeps it. */
static bool wants_marks(const struct program *p)
{
	struct stat sb;

	if (opt_flag(&p->config.global, OPT_SHOWDOTS))
		return true;
	return p->cli.verbose > 0 && fstat(STDOUT_FILENO, &sb) == 0 &&
	    !S_ISREG(sb.st_mode);
}

/* -1, or the exit status. */
static int set_report(struct program *p)
{
	const struct options *g = &p->config.global;
	const char *log = opt_text(g, OPT_LOGFILE);
	struct report_how how = { report_prog(), REPORT_NORMAL,
		opt_flag(g, OPT_SYSLOG), open_log(p, log), wants_marks(p) };

	if (how.logfile < 0 && log != NULL && !p->cli.nodetach)
		return PS_IOERR;
	if (p->cli.silent)
		how.verbosity = REPORT_SILENT;
	else if (p->cli.verbose > 0)
		how.verbosity =
		    p->cli.verbose > 1 ? REPORT_DEBUG : REPORT_VERBOSE;
	report_init(&how);
	headway_allow(!p->cli.silent && p->cli.verbose == 0 && !how.syslog &&
	    how.logfile < 0 && !how.marks && p->interval == 0 &&
	    isatty(STDOUT_FILENO) && isatty(STDERR_FILENO));
	return -1;
}

/* "LABEL configuration invalid, ...": alone, as fetchmail has it. */
static void tell_setting(const struct err *e)
{
	if (strstr(e->text, " configuration invalid, ") != NULL)
		report_bare_error("%s", e->text);
	else
		report_error("%s", e->text);
}

static int settle(struct program *p)
{
	struct err e;
	enum st st = accounts_settle(&p->config, &p->cli, &p->accounts, &e);

	if (st == ST_NONE) {
		report_error("no mailservers have been specified.");
		return PS_SYNTAX;
	}
	if (st != ST_OK) {
		tell_setting(&e);
		return PS_SYNTAX;
	}
	if (!p->cli.check)
		p->interval = opt_num(&p->config.global, OPT_DAEMON);
	accounts_warn(p->accounts, p->interval > 0);
	return -1;
}

/* -1, or the exit status when that was all that was wanted. */
static int show(struct program *p)
{
	struct show s = { &p->config, &p->cli, rc_path(p), p->idfile };

	if (p->cli.version)
		return show_version(&s);
	if (p->cli.configdump)
		return show_dump(&s);
	if (p->cli.explain_tls)
		return show_explain_tls(&s);
	if (p->cli.check_config)
		return show_check(&s);
	return -1;
}

static int prepare(struct program *p)
{
	const char *idfile, *pidfile;
	struct err e;
	int status;

	if (geteuid() == 0)
		fprintf(stderr,
		    "%s: WARNING: Running as root is "
		    "discouraged.\n",
		    report_prog());
	if (getenv("QMAILINJECT") != NULL ||
	    getenv("NULLMAILER_FLAGS") != NULL) {
		/* They make local mailers change the sender of what we hand
		 * them, and with it where notices go. */
		report_error("the environment variables QMAILINJECT and "
			     "NULLMAILER_FLAGS are dangerous here; unset them");
		return PS_UNDEFINED;
	}
	if (paths_find(&p->paths, &e) != ST_OK) {
		report_error("%s", e.text);
		return PS_UNDEFINED;
	}
	p->rc_time = rc_mtime(p);
	status = load(p);
	if (status >= 0)
		return status;
	idfile = opt_text(&p->config.global, OPT_IDFILE);
	pidfile = opt_text(&p->config.global, OPT_PIDFILE);
	p->idfile = idfile != NULL ? idfile : p->paths.ids;
	p->pidfile = pidfile != NULL ? pidfile : p->paths.pid;
	status = show(p);
	if (status >= 0)
		return status;
	if (p->cli.quit_only)
		return instance_check(&p->cli, p->pidfile);
	status = settle(p);
	if (status < 0)
		status = check_file(p->idfile);
	return status;
}

static int find_passwords(struct program *p)
{
	struct err e;

	if (password_find(p->accounts, p->paths.netrc, &p->config.arena, &e) ==
	    ST_OK)
		return -1;
	report_error("%s", e.text);
	return PS_AUTHFAIL;
}

/* The lock, by the process that stays; *e says what failed. */
static enum st take_lock(struct program *p, struct err *e)
{
	struct pidfile_holder h;
	bool again;

	pidfile_read(p->pidfile, &h);
	again = h.pid == getpid(); /* restarted: we are detached already */
	if (again)
		pidfile_release(p->pidfile);
	else if (p->interval > 0 && !p->cli.nodetach &&
	    daemon_detach(e) != ST_OK)
		return ST_TEMP;
	if (pidfile_take(p->pidfile, p->interval, e) != ST_OK)
		return ST_TEMP;
	p->locked = true;
	return ST_OK;
}

static int run(struct program *p)
{
	struct err e;
	int status = instance_check(&p->cli, p->pidfile);

	if (status < 0)
		status = find_passwords(p);
	if (status >= 0)
		return status;
	umask(077);
	daemon_signals(p->interval > 0);
	if (take_lock(p, &e) != ST_OK) {
		report_error("%s", e.text);
		daemon_ready(PS_EXCLUDE);
		return PS_EXCLUDE;
	}
	if (p->cli.dry_run)
		show_plan(p->accounts);
	status = set_report(p);
	daemon_ready(status < 0 ? PS_SUCCESS : status);
	if (status < 0 && p->interval > 0)
		report_note("starting %s %s daemon", report_prog(),
		    PACKAGE_VERSION);
	if (status < 0)
		status = rounds(p);
	return finish(p, status);
}

int main(int argc, char **argv)
{
	static struct program p;
	struct report_how how = { argc > 0 ? basename(argv[0]) : "fetcher",
		REPORT_NORMAL, false, -1, false };
	int status;

	report_init(&how);
	log_init(how.prog);
	p.argv = argv;
	status = cli_parse(&p.cli, argc, argv, &p.config.arena);
	if (status >= 0)
		return status;
	if (p.cli.quote)
		return show_quote();
	status = prepare(&p);
	if (status < 0)
		status = run(&p);
	arena_clear(&p.config.arena);
	return status;
}
