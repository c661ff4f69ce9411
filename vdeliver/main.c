/* vdeliver - options, commands, the way to the background. */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "vdeliver/check.h"
#include "vdeliver/control.h"
#include "vdeliver/explain.h"
#include "vdeliver/identity.h"
#include "vdeliver/keys.h"
#include "vdeliver/listeners.h"
#include "vdeliver/lookup.h"
#include "vdeliver/monitor.h"
#include "vdeliver/show.h"

#define EX_USAGE 64

struct options {
	const char *dir;
	bool foreground, test;
	unsigned show;       /* enum show_flags */
	const char *command; /* NULL: run */
	char **args;         /* of the command, NULL at their end */
	const char *dovecot; /* of check; NULL: where it usually is */
};

static const char usage[] =
    "usage: vdeliver [-c DIR] [-f]         run; -f: stay in the foreground\n"
    "       vdeliver [-c DIR] -t           check the configuration\n"
    "       vdeliver [-c DIR] -n | -d [-x]  show the parameters that are set,\n"
    "                                     or the defaults; -x: expanded\n"
    "       vdeliver [-c DIR] stop|reload|status\n"
    "       vdeliver [-c DIR] explain ADDRESS [SENDER]\n"
    "                                     what would become of mail for it\n"
    "       vdeliver [-c DIR] check [--dovecot FILE]\n"
    "                                     look for mistakes, and their remedy\n"
    "       vdeliver --version | --help\n"
    "\n"
    "Takes Postfix's main.cf and lookup tables from DIR (/etc/postfix), speaks\n"
    "SMTP and LMTP where vdeliver_listen says, and delivers to virtual\n"
    "mailboxes: 250 means on disk. See vdeliver(8).\n";

static int command_stop(const struct settings *set, pid_t pid)
{
	struct err e;

	if (control_stop(set, pid, &e) == ST_OK)
		return 0;
	log_error("%s", e.text);
	return 1;
}

/* The running one looks at the files itself; that they are wrong is said here
 * as well, where somebody sees it. */
static int command_reload(const struct settings *set, pid_t pid)
{
	struct settings fresh;
	struct err e;
	int status = 0;

	if (kill(pid, SIGHUP) != 0) {
		log_error("kill %ld: %m", (long)pid);
		return 1;
	}
	if (settings_load(&fresh, set->config_directory, &e) != ST_OK) {
		log_error("%s; the old settings stay in force", e.text);
		status = 1;
	}
	settings_clear(&fresh);
	return status;
}

static int command_status(const struct settings *set, pid_t pid)
{
	printf("vdeliver runs with %s, pid %ld\n", set->config_directory,
	    (long)pid);
	return 0;
}

/* Commands for the one that runs. */
static const struct {
	const char *name;
	int (*run)(const struct settings *set, pid_t pid);
} commands[] = {
	{ "stop", command_stop },
	{ "reload", command_reload },
	{ "status", command_status },
};

static int control(const char *name, const char *dir)
{
	struct settings set;
	struct err e;
	pid_t pid;
	enum st st;
	size_t i;

	settings_for_control(&set, dir);
	st = control_find(&set, &pid, &e);
	for (i = 0; st == ST_OK && i < NELEM(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(&set, pid);
	if (st == ST_NONE)
		log_error("no vdeliver runs with %s", dir);
	else
		log_error("%s", e.text);
	return 1;
}

static int command_explain(const struct options *o)
{
	struct settings set;
	struct err e;

	if (settings_load(&set, o->dir, &e) != ST_OK)
		log_fatal("%s", e.text);
	return explain_run(&set, o->args[0], o->args[1], stdout) ? 0 : 1;
}

static int command_check(const struct options *o)
{
	return check_run(o->dir, o->dovecot, stdout) ? 0 : 1;
}

/* Commands that need none that runs. */
static const struct tool {
	const char *name;
	int least, most; /* arguments */
	int (*run)(const struct options *o);
} tools[] = {
	{ "check", 0, 0, command_check },
	{ "explain", 1, 2, command_explain },
};

static const struct tool *find_tool(const char *name)
{
	size_t i;

	for (i = 0; i < NELEM(tools); i++)
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

static int run_command(const struct options *o)
{
	const struct tool *t = find_tool(o->command);
	size_t i;

	if (t != NULL)
		return t->run(o);
	for (i = 0; i < NELEM(commands); i++)
		if (strcmp(commands[i].name, o->command) == 0)
			return control(o->command, o->dir);
	log_error("unknown command \"%s\": stop, reload, status, check or "
		  "explain",
	    o->command);
	return EX_USAGE;
}

/* How many arguments does the command take? */
static bool has_its_args(const char *command, int n)
{
	const struct tool *t = command != NULL ? find_tool(command) : NULL;

	return t == NULL ? n == 0 : n >= t->least && n <= t->most;
}

/* -x wants -n or -d, these exclude each other, and what is shown is not run. */
static bool is_sound(const struct options *o)
{
	unsigned which = o->show & (SHOW_SET | SHOW_DEFAULTS);

	if (o->dovecot != NULL &&
	    (o->command == NULL || strcmp(o->command, "check") != 0))
		return false;
	if (o->show == 0)
		return !o->test || (!o->foreground && o->command == NULL);
	return (which == SHOW_SET || which == SHOW_DEFAULTS) && !o->test &&
	    !o->foreground && o->command == NULL;
}

static void parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "dovecot", required_argument, NULL, 'D' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *env = getenv("MAIL_CONFIG");
	int c;

	*o = (struct options){ .dir = env != NULL ? env : "/etc/postfix" };
	while ((c = getopt_long(argc, argv, "c:dfntx", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->dir = optarg;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 'n':
			o->show |= SHOW_SET;
			break;
		case 'd':
			o->show |= SHOW_DEFAULTS;
			break;
		case 'x':
			o->show |= SHOW_EXPANDED;
			break;
		case 't':
			o->test = true;
			break;
		case 'D':
			o->dovecot = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		case 'V':
			puts("vdeliver " PACKAGE_VERSION);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(EX_USAGE);
		}
	}
	if (optind < argc)
		o->command = argv[optind++];
	o->args = argv + optind;
	if (!has_its_args(o->command, argc - optind) || !is_sound(o)) {
		fputs(usage, stderr);
		exit(EX_USAGE);
	}
}

/* The parent stays until the child says that it listens, or ends. */
static void NORETURN await(pid_t pid, int ready)
{
	char c;
	int status;

	if (io_read_full(ready, &c, 1) == 1)
		_exit(0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0
		? WEXITSTATUS(status)
		: 1);
}

/* Returns in the daemon; *ready is where it says that it runs. */
static void background(int *ready)
{
	int fd[2];
	pid_t pid;

	if (pipe(fd) != 0 || (pid = fork()) < 0)
		log_fatal("cannot go to the background: %m");
	if (pid != 0) {
		close(fd[1]);
		await(pid, fd[0]);
	}
	close(fd[0]);
	if (setsid() < 0 || chdir("/") != 0)
		log_fatal("cannot go to the background: %m");
	*ready = fd[1];
}

static int run(const struct options *o, struct settings *set)
{
	struct monitor_start start = { o->dir, o->foreground, -1, -1 };
	struct err e;

	if (control_hold(set, &start.lock, &e) != ST_OK)
		log_fatal("%s", e.text);
	if (!o->foreground)
		background(&start.ready);
	if (control_write_pid(start.lock, &e) != ST_OK)
		log_fatal("%s", e.text);
	return monitor_run(&start, set);
}

/* Tables are no reason not to start, but one to say that all is not well. */
static int test_tables(const struct settings *set)
{
	struct lookup *l = lookup_open(set);
	int status = lookup_broken(l) ? 1 : 0;

	lookup_close(l);
	return status;
}

/* Settings are good by now: all else that a start would look at. */
static int test(const struct settings *set)
{
	struct front_tls *tls;
	struct identity id;
	struct err e;

	if (identity_find(&id, set, &e) != ST_OK ||
	    listeners_check(set, &e) != ST_OK ||
	    front_tls_load(&tls, set, keys_wrapped(set), &e) != ST_OK)
		log_fatal("%s", e.text);
	front_tls_free(tls);
	identity_clear(&id);
	return test_tables(set);
}

static int show(const struct options *o)
{
	struct err e;

	if (show_run(o->dir, o->show, stdout, &e) != ST_OK)
		log_fatal("%s", e.text);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o;
	struct settings set;
	char dir[PATH_MAX];
	struct err e;

	log_init("vdeliver");
	parse_options(argc, argv, &o);
	if (realpath(o.dir, dir) == NULL)
		log_fatal("open %s: %m; name the directory of main.cf by -c",
		    o.dir);
	o.dir = dir;
	if (o.show != 0)
		return show(&o);
	if (o.command != NULL)
		return run_command(&o);
	if (settings_load(&set, o.dir, &e) != ST_OK)
		log_fatal("%s", e.text);
	if (o.test)
		return test(&set);
	return run(&o, &set);
}
