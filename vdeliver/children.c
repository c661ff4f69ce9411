/* children - fork, drop, confine, run. Runs in: each child's first moments. */

#include "vdeliver/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "priv/drop.h"
#include "priv/sandbox.h"
#include "vdeliver/logger.h"
#include "vdeliver/lookup.h"
#include "vdeliver/relay.h"
#include "vdeliver/relay_tls.h"
#include "vdeliver/router.h"
#include "vdeliver/worker.h"

/* A child that cannot become what it shall be ends with this. */
#define EXIT_START 71

/* Close everything above stderr that is not in keep (ascending order of no
 * importance), so that no child holds what is another's. */
static void close_others(const int *keep, size_t n)
{
	int max = (int)sysconf(_SC_OPEN_MAX), fd;
	size_t i;

	if (max > 4096)
		max = 4096;
	for (fd = STDERR_FILENO + 1; fd < max; fd++) {
		for (i = 0; i < n && keep[i] != fd; i++)
			continue;
		if (i == n)
			close(fd);
	}
}

/* 0 in the child, which has its name, its signals and its log by then. */
static pid_t start(const struct children_env *env, const char *name,
    const char *role)
{
	static char tag[200];
	pid_t pid = fork();
	int sig;
	sigset_t none;

	if (pid != 0)
		return pid;
	/* Private keys are for those alone that talk TLS. */
	if (strcmp(role, "smtpd") != 0)
		front_tls_free(env->tls);
	for (sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	/* The terminal's signals are for the monitor; it tells us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, name);
	snprintf(tag, sizeof(tag), "%s/%s", env->set->syslog_name, role);
	log_tag(tag);
	return 0;
}

static void NORETURN give_up(const struct err *e)
{
	log_msg(LOG_FATAL, "%s", e->text);
	_exit(EXIT_START);
}

static void become(const struct children_env *env, uid_t uid, gid_t gid)
{
	struct err e;

	if (env->id->root && drop_to(uid, gid, &e) != ST_OK)
		give_up(&e);
}

pid_t child_logger(const struct children_env *env)
{
	int keep[] = { env->log_reader, env->log_file };
	pid_t pid = start(env, "vd-logger", "vdeliver");

	if (pid != 0)
		return pid;
	close_others(keep, NELEM(keep));
	log_to_sink(NULL, NULL);
	log_to_stderr(true);
	become(env, env->id->owner_uid, env->id->owner_gid);
	logger_run(env->set, env->log_reader, env->log_file);
}

pid_t child_router(const struct children_env *env, int monitor)
{
	/* To see how full it is, and for nothing else. */
	AUTO_FD base = open(env->set->virtual_mailbox_base,
	    O_PATH | O_DIRECTORY | O_CLOEXEC);
	int keep[] = { env->log_writer, monitor, base };
	pid_t pid = start(env, "vd-router", "vdeliver");

	if (pid != 0)
		return pid;
	close_others(keep, NELEM(keep));
	become(env, env->id->owner_uid, env->id->owner_gid);
	router_run(env->set, monitor, base);
}

pid_t child_lookup(const struct children_env *env, int router)
{
	int keep[] = { env->log_writer, router };
	pid_t pid = start(env, "vd-lookup", "trivial-rewrite");
	struct lookup *l;

	if (pid != 0)
		return pid;
	close_others(keep, NELEM(keep));
	l = lookup_open(env->set);
	become(env, env->id->owner_uid, env->id->owner_gid);
	lookup_run(l, router);
}

pid_t child_front(const struct children_env *env, const struct front_start *s)
{
	int keep[67] = { env->log_writer, s->router, s->monitor };
	size_t n = 3, i;
	pid_t pid = start(env, "vd-front", "smtpd");
	struct err e;

	if (pid != 0)
		return pid;
	for (i = 0; i < s->n && n < NELEM(keep); i++)
		keep[n++] = s->listeners[i].fd;
	close_others(keep, n);
	tzset(); /* reads its file while there is one */
	drop_limits();
	if (env->id->jail[0] != '\0' && drop_chroot(env->id->jail, &e) != ST_OK)
		give_up(&e);
	become(env, env->id->front_uid, env->id->front_gid);
	if (sandbox_front(&e) != ST_OK)
		give_up(&e);
	front_run(s);
}

pid_t child_relay(const struct children_env *env, int router)
{
	int keep[] = { env->log_writer, router };
	pid_t pid = start(env, "vd-relay", "smtp");
	struct relay_start s = { .set = env->set, .router = router };
	struct err e;

	if (pid != 0)
		return pid;
	close_others(keep, NELEM(keep));
	tzset();
	drop_limits();
	/* Files are read before there are none. */
	if (relay_tls_load(&s.tls, env->set, &e) != ST_OK)
		give_up(&e);
	if (env->id->jail[0] != '\0' && drop_chroot(env->id->jail, &e) != ST_OK)
		give_up(&e);
	become(env, env->id->front_uid, env->id->front_gid);
	if (sandbox_relay(&e) != ST_OK)
		give_up(&e);
	relay_run(&s);
}

/* Without Landlock the links are looked at, and that was said at start. */
static void confine(int base)
{
	struct err e;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		err_temp(&e, "4.3.0", "no new privileges: %m");
		give_up(&e);
	}
	if (sandbox_store(base, &e) == ST_TEMP)
		give_up(&e);
}

pid_t child_worker(const struct children_env *env, uint32_t uid, uint32_t gid,
    int router)
{
	/* Opened by root, so that the way to it need not be open to uid; what
	 * lies in it is reached as uid alone. */
	AUTO_FD base = open(env->set->virtual_mailbox_base,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct settings *set = env->set;
	struct worker_start s = { .router = router,
		.commit = { .store = { base, set->virtual_mailbox_base,
				set->vdeliver_overquota_defer,
				set->vdeliver_maildir_size,
				set->vdeliver_confine },
		    .base_error = errno,
		    .choice = set->sync_choice },
		.boxes = {
		    { base, set->virtual_mailbox_base, set->mailbox_locks,
			set->stale_lock_time, set->strict_mailbox_ownership,
			set->vdeliver_confine, set->vdeliver_overquota_defer },
		    set->deliver_lock_attempts,
		    set->deliver_lock_delay * 1000 } };
	int keep[] = { env->log_writer, router, base };
	pid_t pid = start(env, "vd-worker", "virtual");

	if (pid != 0)
		return pid;
	close_others(keep, NELEM(keep));
	umask(077);
	/* What lies outside the store is read now. */
	tzset();
	maildir_prepare();
	disk_judge(&s.commit.disk, base);
	if (set->sync_choice == CHOICE_FILES)
		s.commit.disk.order = DISK_FILES;
	become(env, uid, gid);
	if (set->vdeliver_confine && base >= 0)
		confine(base);
	worker_run(&s);
}
