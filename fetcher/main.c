/* fetcher - settings, lock, rounds, exit states. Runs in: parent. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "fetcher/account.h"
#include "fetcher/cli.h"
#include "fetcher/pidfile.h"
#include "fetcher/paths.h"
#include "fetcher/poll.h"
#include "fetcher/rc_parse.h"
#include "fetcher/report.h"

#define RC_MAX  (16u << 20)
#define IDS_MAX (64u << 20)

/* What the signal handler may touch. */
static volatile sig_atomic_t ended_by;

static void on_signal(int sig)
{
	ended_by = sig;
}

struct program {
	struct cli cli;
	struct config config;
	struct paths paths;
	struct account *accounts;
	const char *pidfile, *idfile;
	bool locked;
};

static int finish(struct program *p, int status)
{
	if (p->locked)
		pidfile_release(p->pidfile);
	if (report_verbose())
		report_note("normal termination, status %d", status);
	arena_clear(&p->config.arena);
	return status;
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
	const char *rc = p->cli.rc != NULL ? p->cli.rc : p->paths.rc;
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
	return PS_SYNTAX;
}

static int load(struct program *p)
{
	AUTO_BUF text = BUF_MAX(RC_MAX);
	const char *rc = p->cli.rc != NULL ? p->cli.rc : p->paths.rc;
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

/* --- version and dump ---------------------------------------------------- */

static int show_version(const struct program *p)
{
	const struct record *r;

	printf("This is %s release %s (fetcher)\n", report_prog(),
	    PACKAGE_VERSION);
	printf("Protocols: POP3. TLS: OpenSSL, 1.2 and later.\n");
	if (p->config.records == NULL)
		fprintf(stderr,
		    "No mailservers set up -- perhaps %s is "
		    "missing?\n",
		    p->cli.rc != NULL ? p->cli.rc : p->paths.rc);
	for (r = p->config.records; r != NULL; r = r->next)
		printf("Server %s%s\n", r->label,
		    r->skip ? " (skipped unless named)" : "");
	return PS_SUCCESS;
}

/* --- the lock ------------------------------------------------------------ */

static int quit_other(struct program *p, const struct pidfile_holder *h)
{
	struct timespec pause = { 0, 100000000 };
	int i;

	if (kill(h->pid, SIGTERM) != 0) {
		report_error("error killing %s fetchmail at %ld; bailing out.",
		    h->background ? "background" : "foreground", (long)h->pid);
		return PS_EXCLUDE;
	}
	fprintf(stderr, "%s: %s fetchmail at %ld killed.\n", report_prog(),
	    h->background ? "background" : "foreground", (long)h->pid);
	if (p->cli.quit_only)
		return PS_SUCCESS;
	for (i = 0; i < 100 && kill(h->pid, 0) == 0; i++)
		nanosleep(&pause, NULL);
	return -1;
}

/* Another one runs: the cases in order, as fetchmail has them. */
static int second_instance(struct program *p, const struct pidfile_holder *h)
{
	const char *prog = report_prog();
	long pid = (long)h->pid;

	if (p->cli.quit)
		return quit_other(p, h);
	if (p->cli.check) {
		fprintf(stderr,
		    "%s: can't check mail while another fetchmail "
		    "to same host is running.\n",
		    prog);
	} else if (p->cli.n != 0) {
		fprintf(stderr,
		    "%s: can't poll specified hosts with another "
		    "fetchmail running at %ld.\n",
		    prog, pid);
	} else if (!h->background) {
		fprintf(stderr,
		    "%s: another foreground fetchmail is running "
		    "at %ld.\n",
		    prog, pid);
	} else if (p->cli.blocks_wakeup) {
		fprintf(stderr,
		    "%s: can't accept options while a background "
		    "fetchmail is running.\n",
		    prog);
	} else if (kill(h->pid, SIGUSR1) == 0) {
		if (!p->cli.silent)
			fprintf(stderr,
			    "%s: background fetchmail at %ld "
			    "awakened.\n",
			    prog, pid);
		return PS_SUCCESS;
	} else {
		fprintf(stderr,
		    "%s: fetchmail at %ld cannot be awakened: "
		    "%s\n",
		    prog, pid, strerror(errno));
	}
	return PS_EXCLUDE;
}

static int take_lock(struct program *p)
{
	struct pidfile_holder h;
	struct err e;
	int status;

	pidfile_read(p->pidfile, &h);
	if (h.pid != 0 && h.pid != getpid()) {
		status = second_instance(p, &h);
		if (status >= 0)
			return status;
	} else if (p->cli.quit_only) {
		fprintf(stderr, "%s: no other fetchmail is running\n",
		    report_prog());
		return PS_EXCLUDE;
	}
	if (pidfile_take(p->pidfile, 0, &e) != ST_OK) {
		report_error("%s", e.text);
		return PS_EXCLUDE;
	}
	p->locked = true;
	return -1;
}

/* --- passwords ----------------------------------------------------------- */

static int find_passwords(struct program *p)
{
	struct account *a;
	char prompt[600], *typed;

	for (a = p->accounts; a != NULL; a = a->next) {
		if (a->password != NULL)
			continue;
		if (!isatty(STDIN_FILENO)) {
			report_error("can't find a password for %s@%s.",
			    a->user, a->label);
			return PS_AUTHFAIL;
		}
		snprintf(prompt, sizeof(prompt),
		    "Enter password for %s@%s: ", a->user, a->label);
		typed = getpass(prompt);
		if (typed == NULL)
			return PS_AUTHFAIL;
		a->password = arena_strz(&p->config.arena, str_c(typed));
	}
	return -1;
}

/* --- polling ------------------------------------------------------------- */

/* What the child said about uids: "C" forgets all, "Auid" adds one. */
static void learn_ids(struct uidl *ids, const struct account *a,
    struct str text)
{
	struct str line;

	while (str_cut(&text, '\n', &line)) {
		if (str_eqc(line, "C"))
			uidl_clear(ids, a->user, a->host);
		else if (line.n > 1 && *line.p == 'A')
			uidl_add(ids, a->user, a->host, str_skip(line, 1));
	}
}

static enum status wait_child(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return PS_UNDEFINED;
		if (ended_by != 0)
			kill(pid, SIGTERM);
	}
	if (WIFEXITED(status))
		return (enum status)WEXITSTATUS(status);
	if (ended_by == 0)
		report_error("the process that polled was killed by signal "
			     "%d",
		    WTERMSIG(status));
	return PS_UNDEFINED;
}

static void NORETURN run_child(const struct account *a, struct poll_how *how)
{
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	exit((int)poll_account(a, how));
}

static enum status poll_one(struct program *p, const struct account *a,
    struct uidl *ids)
{
	AUTO_BUF said = BUF_MAX(IDS_MAX);
	struct poll_how how = { .check = p->cli.check, .ids = ids };
	struct err e;
	int fd[2];
	pid_t pid;
	enum status st;

	fflush(stdout);
	if (pipe(fd) != 0 || (pid = fork()) < 0) {
		report_error("cannot start a process to poll %s: %m", a->label);
		return PS_UNDEFINED;
	}
	if (pid == 0) {
		close(fd[0]);
		how.ids_out = fd[1];
		run_child(a, &how);
	}
	close(fd[1]);
	if (io_slurp(fd[0], "child", &said, &e) != ST_OK)
		report_error("%s", e.text);
	close(fd[0]);
	st = wait_child(pid);
	learn_ids(ids, a, buf_str(&said));
	if (uidl_save(ids, &e) != ST_OK)
		report_error("%s", e.text);
	return st;
}

static void tell_status(enum status st)
{
	const char *name = status_name(st);

	if (st == PS_SUCCESS || st == PS_NOMAIL)
		return;
	if (name != NULL)
		report_error("Query status=%d (%s)", (int)st, name);
	else
		report_error("Query status=%d", (int)st);
}

static int poll_all(struct program *p)
{
	enum status last = PS_NOMAIL;
	bool any = false;
	struct account *a;
	struct uidl *ids;
	struct err e;

	if (uidl_load(&ids, p->idfile, &e) != ST_OK) {
		report_error("%s", e.text);
		uidl_free(ids);
		return PS_IOERR;
	}
	for (a = p->accounts; a != NULL && ended_by == 0; a = a->next) {
		last = poll_one(p, a, ids);
		any |= last == PS_SUCCESS;
		tell_status(last);
	}
	uidl_free(ids);
	if (ended_by != 0)
		report_note("terminated with signal %d", (int)ended_by);
	return any ? PS_SUCCESS : (int)last;
}

/* --- start --------------------------------------------------------------- */

static void set_report(struct program *p)
{
	const struct options *g = &p->config.global;
	struct report_how how = { report_prog(), REPORT_NORMAL,
		opt_flag(g, OPT_SYSLOG), -1 };
	const char *log = opt_text(g, OPT_LOGFILE);

	if (p->cli.silent)
		how.verbosity = REPORT_SILENT;
	else if (p->cli.verbose > 0)
		how.verbosity =
		    p->cli.verbose > 1 ? REPORT_DEBUG : REPORT_VERBOSE;
	if (log != NULL && !p->cli.nodetach)
		how.logfile =
		    open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (log != NULL && !p->cli.nodetach && how.logfile < 0)
		report_error("log file %s: %s", log, strerror(errno));
	report_init(&how);
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
		report_error("%s", e.text);
		return PS_SYNTAX;
	}
	if (opt_num(&p->config.global, OPT_DAEMON) > 0 && !p->cli.check) {
		report_error("daemon mode is not supported yet; let cron or a "
			     "systemd timer start %s",
		    report_prog());
		return PS_SYNTAX;
	}
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
	if (paths_find(&p->paths, &e) != ST_OK) {
		report_error("%s", e.text);
		return PS_UNDEFINED;
	}
	status = load(p);
	if (status >= 0)
		return status;
	idfile = opt_text(&p->config.global, OPT_IDFILE);
	pidfile = opt_text(&p->config.global, OPT_PIDFILE);
	p->idfile = idfile != NULL ? idfile : p->paths.ids;
	p->pidfile = pidfile != NULL ? pidfile : p->paths.pid;
	if (p->cli.version)
		return show_version(p);
	if (p->cli.configdump) {
		report_error("--configdump is not supported yet");
		return PS_SYNTAX;
	}
	if (p->cli.quit_only)
		return -1;
	status = settle(p);
	if (status < 0)
		status = check_file(p->idfile);
	return status;
}

static void watch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	static struct program p;
	struct report_how how = { argc > 0 ? basename(argv[0]) : "fetcher",
		REPORT_NORMAL, false, -1 };
	int status;

	report_init(&how);
	log_init(how.prog);
	status = cli_parse(&p.cli, argc, argv, &p.config.arena);
	if (status >= 0)
		return status;
	status = prepare(&p);
	if (status < 0)
		status = take_lock(&p);
	if (status >= 0) {
		arena_clear(&p.config.arena);
		return status;
	}
	umask(077);
	watch_signals();
	set_report(&p);
	status = find_passwords(&p);
	if (status < 0)
		status = poll_all(&p);
	return finish(&p, status);
}
