/*
 * limit - how many messages per second can this file system take into
 * Maildirs, at each level of durability, with no mail protocol in the way?
 *
 * Every run creates -n Maildirs under -d, delivers -m messages of -l bytes
 * round-robin over them, and prints one JSON line.  Set-up and clean-up are
 * outside the clock. 
 *
 *   per message, -t threads in a closed loop:
 *     nosync    create tmp, write, rename                    (not durable)
 *     file      ... fsync(file) before the rename            (data only)
 *     fdata     ... fdatasync(file) before the rename        (data only)
 *     full      fsync(file), rename, fsync(new/)             (durable)
 *     fulldata  fdatasync(file), rename, fsync(new/)         (durable)
 *     link      fsync(file), link, unlink, fsync(new/)       (durable)
 *     odsync    O_DSYNC write, rename, fsync(new/)           (durable)
 *     otmp      O_TMPFILE, fsync, linkat, fsync(new/)        (durable)
 *     late      rename first, then fsync(file), fsync(new/)  (durable when it
 *               returns, but an unfinished file can be seen before that)
 *     late1     rename first, then only fsync(file)
 *     sfrlate   force the data out and wait for it (sync_file_range), rename,
 *               then fsync(file) and fsync(new/): durable when it returns, one
 *               journal commit, and no empty file can appear on a journaling fs
 *     sfrdir    as sfrlate without the fsync(file)
 *
 *   batches of -b messages, -t threads each with its own batches:
 *     bfsync    write all, fsync each, rename all, fsync each directory
 *     bsfr      as bfsync, but start write-back of all files first
 *     bsyncfs   write all, syncfs, rename all, syncfs
 *     bsfr1     write all, start + wait for data, rename all, ONE syncfs
 *
 *   a continuous committer, -b messages in flight, -t writer threads:
 *     pipe      one syncfs makes batch k's renames and batch k+1's data durable
 *
 * -R n: n recipients (mailboxes) per message; -H: hard links, not copies.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/boxes.h"

static const char *root = NULL, *variant = "full";
static int nbox = 100, nmsg = 2000, size = 4096, nthr = 1, batch = 16,
	   nrcpt = 1;
static int hard = 0, keep = 0, maxsec = 60;
static char *body;
static atomic_int next_msg;
static atomic_llong n_sync;
static double *lat;
static double t_start;
static volatile int expired;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
	fprintf(stderr, "limit: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void on_alarm(int sig)
{
	(void)sig;
	expired = 1;
}

static void xsync(int fd)
{
	if (fsync(fd))
		die("fsync");
	atomic_fetch_add(&n_sync, 1);
}
static void xdsync(int fd)
{
	if (fdatasync(fd))
		die("fdatasync");
	atomic_fetch_add(&n_sync, 1);
}
static void xsyncfs(void)
{
	if (syncfs(rootfd))
		die("syncfs");
	atomic_fetch_add(&n_sync, 1);
}

static void wr(int fd)
{
	for (int o = 0; o < size;) {
		ssize_t k = write(fd, body + o, size - o);
		if (k < 0)
			die("write");
		o += k;
	}
}

static void sfr_wait(int fd)
{
	if (sync_file_range(fd, 0, 0,
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
		    SYNC_FILE_RANGE_WAIT_AFTER))
		die("sync_file_range");
}

static int box_of(int i, int k)
{
	return (int)(((long)i * nrcpt + k) % nbox);
}
static void name_of(char *b, int i, int k)
{
	sprintf(b, "17000000%d.M%dR%d.bench", i % 89 + 10, i, k);
}

static int create_tmp(int box, const char *nm, int extra)
{
	int fd = openat(fd_tmp[box], nm,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | extra, 0600);
	if (fd < 0)
		die("open tmp");
	return fd;
}

static void to_new(int box, const char *nm)
{
	if (renameat(fd_tmp[box], nm, fd_new[box], nm))
		die("rename");
}

/* ---- per message ---------------------------------------------------- */
enum {
	V_NOSYNC,
	V_FILE,
	V_FDATA,
	V_FULL,
	V_FULLDATA,
	V_LINK,
	V_ODSYNC,
	V_OTMP,
	V_LATE,
	V_LATE1,
	V_SFRLATE,
	V_SFRDIR,
	V_BFSYNC,
	V_BSFR,
	V_BSYNCFS,
	V_BSFR1,
	V_PIPE,
	V_N
};
static const char *vname[] = { "nosync", "file", "fdata", "full", "fulldata",
	"link", "odsync", "otmp", "late", "late1", "sfrlate", "sfrdir",
	"bfsync", "bsfr", "bsyncfs", "bsfr1", "pipe" };
static int V;

static void one(int i)
{
	char nm[80], nm0[80], path[40];
	int box0 = box_of(i, 0);
	name_of(nm0, i, 0);
	for (int k = 0; k < nrcpt; k++) {
		int box = box_of(i, k), fd;
		name_of(nm, i, k);
		if (hard && k) {
			if (linkat(fd_new[box0], nm0, fd_new[box], nm, 0))
				die("link");
			if (V == V_FULL || V == V_FULLDATA || V == V_LINK)
				xsync(fd_new[box]);
			continue;
		}
		switch (V) {
		case V_OTMP:
			fd = openat(fd_tmp[box], ".",
			    O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
			if (fd < 0)
				die("O_TMPFILE");
			wr(fd);
			xsync(fd);
			sprintf(path, "/proc/self/fd/%d", fd);
			if (linkat(AT_FDCWD, path, fd_new[box], nm,
				AT_SYMLINK_FOLLOW))
				die("linkat");
			close(fd);
			xsync(fd_new[box]);
			break;
		case V_LATE:
		case V_LATE1:
			fd = create_tmp(box, nm, 0);
			wr(fd);
			to_new(box, nm);
			xsync(fd);
			close(fd);
			if (V == V_LATE)
				xsync(fd_new[box]);
			break;
		case V_SFRLATE:
		case V_SFRDIR:
			fd = create_tmp(box, nm, 0);
			wr(fd);
			sfr_wait(fd);
			to_new(box, nm);
			if (V == V_SFRLATE && !hard)
				xsync(fd);
			if (hard &&
			    nrcpt >
				1) { /* all names first, then one fsync of the inode and each directory */
				for (int j = 1; j < nrcpt; j++) {
					char nm2[80];
					name_of(nm2, i, j);
					if (linkat(fd_new[box], nm,
						fd_new[box_of(i, j)], nm2, 0))
						die("link");
				}
				xsync(fd);
				for (int j = 0; j < nrcpt; j++)
					xsync(fd_new[box_of(i, j)]);
				close(fd);
				return;
			}
			close(fd);
			xsync(fd_new[box]);
			break;
		default:
			fd = create_tmp(box, nm, V == V_ODSYNC ? O_DSYNC : 0);
			wr(fd);
			if (V == V_FILE || V == V_FULL || V == V_LINK)
				xsync(fd);
			if (V == V_FDATA || V == V_FULLDATA)
				xdsync(fd);
			close(fd);
			if (V == V_LINK) {
				if (linkat(fd_tmp[box], nm, fd_new[box], nm, 0))
					die("link");
				if (unlinkat(fd_tmp[box], nm, 0))
					die("unlink");
			} else
				to_new(box, nm);
			if (V == V_FULL || V == V_FULLDATA || V == V_LINK ||
			    V == V_ODSYNC)
				xsync(fd_new[box]);
		}
	}
}

static void *per_message(void *arg)
{
	(void)arg;
	for (;;) {
		int i = atomic_fetch_add(&next_msg, 1);
		if (i >= nmsg || expired)
			return NULL;
		double t = now();
		one(i);
		lat[i] = now() - t;
	}
}

/* ---- batches --------------------------------------------------------- */
struct item {
	int msg, box, fd;
	double t;
	char nm[80];
};

static int fill(struct item *it, int max, int *taken)
{
	int n = 0;
	*taken = 0;
	while (n + (hard ? 1 : nrcpt) <= max) {
		int i = atomic_fetch_add(&next_msg, 1);
		if (i >= nmsg || expired)
			break;
		++*taken;
		for (int k = 0; k < (hard ? 1 : nrcpt); k++) {
			struct item *p = &it[n++];
			p->msg = i;
			p->t = now();
			p->box = box_of(i, k);
			name_of(p->nm, i, k);
			p->fd = create_tmp(p->box, p->nm, 0);
			wr(p->fd);
		}
	}
	return n;
}

static void *batches(void *arg)
{
	(void)arg;
	int cap = batch < nrcpt ? nrcpt : batch, n, taken;
	struct item *it = malloc(sizeof *it * cap);
	int *fds = malloc(sizeof(int) * cap * (hard ? nrcpt + 1 : 2));
	int *seen = calloc(nbox, sizeof(int)), stamp = 0;
	while ((n = fill(it, cap, &taken)) > 0) {
		if (V == V_BSFR || V == V_BSFR1)
			for (int j = 0; j < n; j++)
				if (sync_file_range(it[j].fd, 0, 0,
					SYNC_FILE_RANGE_WRITE))
					die("sync_file_range");
		switch (V) {
		case V_BFSYNC:
		case V_BSFR:
			for (int j = 0; j < n; j++)
				xsync(it[j].fd);
			break;
		case V_BSYNCFS:
			xsyncfs();
			break;
		case V_BSFR1:
			for (int j = 0; j < n; j++)
				sfr_wait(it[j].fd);
			break;
		}
		stamp++;
		int nd = 0;
		for (int j = 0; j < n; j++) {
			close(it[j].fd);
			to_new(it[j].box, it[j].nm);
			if (seen[it[j].box] != stamp) {
				seen[it[j].box] = stamp;
				fds[nd++] = fd_new[it[j].box];
			}
			for (int k = 1; hard && k < nrcpt; k++) {
				char nm[80];
				int b = box_of(it[j].msg, k);
				name_of(nm, it[j].msg, k);
				if (linkat(fd_new[it[j].box], it[j].nm,
					fd_new[b], nm, 0))
					die("link");
				if (seen[b] != stamp) {
					seen[b] = stamp;
					fds[nd++] = fd_new[b];
				}
			}
		}
		switch (V) {
		case V_BFSYNC:
		case V_BSFR:
			for (int j = 0; j < nd; j++)
				xsync(fds[j]);
			break;
		case V_BSYNCFS:
		case V_BSFR1:
			xsyncfs();
			break;
		}
		double t = now();
		for (int j = 0; j < n; j++)
			lat[it[j].msg] = t - it[j].t;
	}
	return NULL;
}

/* ---- continuous committer -------------------------------------------- */
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c_room = PTHREAD_COND_INITIALIZER,
		      c_work = PTHREAD_COND_INITIALIZER;
static struct item *wq;
static int nw, in_flight, writers_left;

static void *pipe_writer(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_mutex_lock(&mu);
		while (in_flight >= batch)
			pthread_cond_wait(&c_room, &mu);
		in_flight++;
		pthread_mutex_unlock(&mu);
		int i = atomic_fetch_add(&next_msg, 1);
		if (i >= nmsg || expired) {
			pthread_mutex_lock(&mu);
			in_flight--;
			writers_left--;
			pthread_cond_broadcast(&c_work);
			pthread_cond_broadcast(&c_room);
			pthread_mutex_unlock(&mu);
			return NULL;
		}
		struct item p;
		p.msg = i;
		p.t = now();
		p.box = box_of(i, 0);
		name_of(p.nm, i, 0);
		p.fd = create_tmp(p.box, p.nm, 0);
		wr(p.fd);
		close(p.fd);
		pthread_mutex_lock(&mu);
		wq[nw++] = p;
		pthread_cond_signal(&c_work);
		pthread_mutex_unlock(&mu);
	}
}

static void *pipe_committer(void *arg)
{
	(void)arg;
	struct item *w = malloc(sizeof *w * (batch + 1)),
		    *r = malloc(sizeof *r * (batch + 1)), *sw;
	int n = 0, rn = 0;
	for (;;) {
		pthread_mutex_lock(&mu);
		while (nw == 0 && rn == 0 && writers_left)
			pthread_cond_wait(&c_work, &mu);
		n = nw;
		memcpy(w, wq, sizeof *w * n);
		nw = 0;
		int left = writers_left;
		pthread_mutex_unlock(&mu);
		if (n == 0 && rn == 0 && left == 0)
			return NULL;
		xsyncfs(); /* data of w[], directory entries of r[] */
		double t = now();
		for (int j = 0; j < rn; j++)
			lat[r[j].msg] = t - r[j].t;
		pthread_mutex_lock(&mu);
		in_flight -= rn;
		pthread_cond_broadcast(&c_room);
		pthread_mutex_unlock(&mu);
		for (int j = 0; j < n; j++)
			to_new(w[j].box, w[j].nm);
		sw = r;
		r = w;
		w = sw;
		rn = n;
	}
}

static int cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void wipe_dir(int dfd)
{
	DIR *d = fdopendir(dup(dfd));
	struct dirent *e;
	if (!d)
		return;
	rewinddir(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dfd, e->d_name, 0);
	closedir(d);
}

/* 0: the usage was told. */
static int options(int argc, char **argv)
{
	int c;
	while ((c = getopt(argc, argv, "d:n:m:l:t:b:v:R:HkT:")) != -1)
		switch (c) {
		case 'd':
			root = optarg;
			break;
		case 'n':
			nbox = atoi(optarg);
			break;
		case 'm':
			nmsg = atoi(optarg);
			break;
		case 'l':
			size = atoi(optarg);
			break;
		case 't':
			nthr = atoi(optarg);
			break;
		case 'b':
			batch = atoi(optarg);
			break;
		case 'v':
			variant = optarg;
			break;
		case 'R':
			nrcpt = atoi(optarg);
			break;
		case 'H':
			hard = 1;
			break;
		case 'k':
			keep = 1;
			break;
		case 'T':
			maxsec = atoi(optarg);
			break;
		default:
			return 0;
		}
	for (V = 0; V < V_N && strcmp(variant, vname[V]); V++)
		;
	if (!root || V == V_N || nbox < 1 || nmsg < 1 || size < 1 || nthr < 1 ||
	    batch < 1) {
		fprintf(stderr,
		    "usage: limit -d DIR -v VARIANT [-n boxes -m msgs -l bytes -t threads -b batch -R rcpts -H]\n");
		return 0;
	}
	return 1;
}

static void raise_limit(void)
{
	struct rlimit rl = { 65536, 65536 };
	if (setrlimit(RLIMIT_NOFILE, &rl)) {
		getrlimit(RLIMIT_NOFILE, &rl);
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}

static void make_boxes(void)
{
	boxes_make(root, nbox);
	for (int i = 0; i < nbox; i++) {
		wipe_dir(fd_tmp[i]);
		wipe_dir(fd_new[i]);
	}
}

static void remove_boxes(void)
{
	for (int i = 0; i < nbox; i++) {
		char p[64];
		wipe_dir(fd_tmp[i]);
		wipe_dir(fd_new[i]);
		close(fd_tmp[i]);
		close(fd_new[i]);
		sprintf(p, "user%03d/cur", i);
		unlinkat(rootfd, p, AT_REMOVEDIR);
		sprintf(p, "user%03d/tmp", i);
		unlinkat(rootfd, p, AT_REMOVEDIR);
		sprintf(p, "user%03d/new", i);
		unlinkat(rootfd, p, AT_REMOVEDIR);
		sprintf(p, "user%03d", i);
		unlinkat(rootfd, p, AT_REMOVEDIR);
	}
	rmdir(root);
}

static void make_messages(void)
{
	body = malloc(size);
	for (int i = 0; i < size; i++)
		body[i] = i % 73 == 72 ? '\n' : 'a' + (i * 7) % 26;
	lat = calloc(nmsg, sizeof *lat);
	wq = malloc(sizeof *wq * (batch + 1));
}

static void run(void)
{
	pthread_t th[256], tc;
	if (nthr > 256)
		nthr = 256;
	if (V == V_PIPE) {
		writers_left = nthr;
		pthread_create(&tc, NULL, pipe_committer, NULL);
		for (int i = 0; i < nthr; i++)
			pthread_create(&th[i], NULL, pipe_writer, NULL);
		for (int i = 0; i < nthr; i++)
			pthread_join(th[i], NULL);
		pthread_join(tc, NULL);
	} else {
		for (int i = 0; i < nthr; i++)
			pthread_create(&th[i], NULL,
			    V >= V_BFSYNC ? batches : per_message, NULL);
		for (int i = 0; i < nthr; i++)
			pthread_join(th[i], NULL);
	}
}

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_stime.tv_sec +
	    (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* How many messages were delivered. */
static int print(double el, double cpu)
{
	int done = 0;
	for (int i = 0; i < nmsg; i++)
		if (lat[i] > 0)
			lat[done++] = lat[i];
	qsort(lat, done, sizeof *lat, cmp);
	printf(
	    "{\"variant\":\"%s\",\"threads\":%d,\"batch\":%d,\"size\":%d,\"rcpts\":%d,\"hard\":%d,\"msgs\":%d,"
	    "\"seconds\":%.4f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"syncs\":%lld,\"cpu_s\":%.3f,\"expired\":%d}\n",
	    variant, nthr, batch, size, nrcpt, hard, done, el, done / el,
	    done ? lat[done / 2] * 1e3 : 0,
	    done ? lat[(int)(done * 0.99)] * 1e3 : 0, (long long)n_sync, cpu,
	    expired);
	return done;
}

int main(int argc, char **argv)
{
	double cpu, el;
	int done;

	if (!options(argc, argv))
		return 2;
	raise_limit();
	make_boxes();
	make_messages();
	if (syncfs(rootfd))
		die("syncfs");
	signal(SIGALRM, on_alarm);
	alarm(maxsec);
	cpu = cpu_seconds();
	t_start = now();
	run();
	el = now() - t_start;
	cpu = cpu_seconds() - cpu;
	alarm(0);
	done = print(el, cpu);
	if (!keep)
		remove_boxes();
	return done == nmsg ? 0 : 1;
}
