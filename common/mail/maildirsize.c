/* maildirsize - Maildir++ quotas, read, kept and counted anew. */

#include "mail/maildirsize.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/num.h"

/* From here on, and after that many seconds, it is to be counted anew. */
#define LONG_BYTES 5120
#define OLD_S      (15 * 60)
#define READ_MAX   65536

struct sum {
	int64_t bytes, count;
};

struct quota {
	struct buf text;  /* the first line: the quota as it is written */
	struct sum limit; /* 0: none */
	struct sum now;
	bool is_long, is_old;
};

/* A folder (it has "maildirfolder") belongs to the Maildir above it. */
static struct str root_of(const struct maildir_store *store, struct arena *a,
    const char *dir)
{
	const char *slash = strrchr(dir, '/');

	if (faccessat(store->fd, arena_printf(a, "%s/maildirfolder", dir), F_OK,
		AT_SYMLINK_NOFOLLOW) != 0)
		return str_c(dir);
	if (slash == NULL)
		return STR(".");
	return (struct str){ dir, (size_t)(slash - dir) };
}

static bool parse_quota(struct quota *q, struct str line)
{
	struct str rest = line, item;
	bool more = true;
	int64_t v;

	while (more) {
		more = str_cut(&rest, ',', &item);
		item = str_trim(item);
		if (item.n < 2 ||
		    !num_i64(str_head(item, item.n - 1), 0, INT64_MAX / 2, &v))
			return false;
		if (item.p[item.n - 1] == 'S')
			q->limit.bytes = v;
		else if (item.p[item.n - 1] == 'C')
			q->limit.count = v;
	}
	return buf_set(&q->text, line);
}

static void parse_sum(struct sum *to, struct str line)
{
	struct str word;
	int64_t bytes, count, max = (int64_t)1 << 50;

	if (!str_word(&line, " \t", &word) ||
	    !num_i64(word, -max, max, &bytes) ||
	    !str_word(&line, " \t", &word) || !num_i64(word, -max, max, &count))
		return;
	to->bytes += bytes;
	to->count += count;
}

/* False: there is none, or none that makes sense. */
static bool read_quota(const struct maildir_store *store, const char *path,
    struct quota *q)
{
	AUTO_BUF text = BUF_MAX(READ_MAX);
	AUTO_FD fd = openat(store->fd, path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct str rest, line;
	struct stat sb;

	if (fd < 0 || fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode) ||
	    sb.st_size > READ_MAX / 2 ||
	    io_slurp(fd, path, &text, NULL) != ST_OK)
		return false;
	q->is_long = sb.st_size >= LONG_BYTES;
	q->is_old = sb.st_mtime + OLD_S < clock_seconds();
	rest = buf_str(&text);
	str_cut(&rest, '\n', &line);
	if (!parse_quota(q, str_trim(line)))
		return false;
	while (rest.n != 0) {
		str_cut(&rest, '\n', &line);
		parse_sum(&q->now, line);
	}
	return true;
}

static bool fits(const struct quota *q, uint64_t bytes)
{
	return (q->limit.bytes == 0 ||
		   q->now.bytes + (int64_t)bytes <= q->limit.bytes) &&
	    (q->limit.count == 0 || q->now.count + 1 <= q->limit.count);
}

/* --- counting ------------------------------------------------------------ */

/* "...,S=1234:2,ST": the size that a name tells; a T is not counted. */
static bool named_size(struct str name, int64_t *size)
{
	ptrdiff_t at = str_search(name, STR(",S="));
	size_t n = 0;

	if (at < 0)
		return false;
	name = str_skip(name, (size_t)at + 3);
	while (n < name.n && name.p[n] >= '0' && name.p[n] <= '9')
		n++;
	return num_i64(str_head(name, n), 0, INT64_MAX / 2, size);
}

static bool is_trashed(struct str name)
{
	ptrdiff_t at = str_search(name, STR(":2,"));

	return at >= 0 && str_find(str_skip(name, (size_t)at), 'T') >= 0;
}

static DIR *open_dir(const struct maildir_store *store, const char *path)
{
	int fd = openat(store->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fdopendir(fd) : NULL;
}

static void count_in(const struct maildir_store *store, const char *path,
    struct sum *to)
{
	DIR *d = open_dir(store, path);
	const struct dirent *entry;
	struct stat sb;
	int64_t size;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		struct str name = str_c(entry->d_name);

		if (*name.p == '.' || is_trashed(name))
			continue;
		if (!named_size(name, &size)) {
			if (fstatat(dirfd(d), entry->d_name, &sb, 0) != 0)
				continue;
			size = sb.st_size;
		}
		to->bytes += size;
		to->count++;
	}
	if (d != NULL)
		closedir(d);
}

static void count_folder(const struct maildir_store *store, const char *path,
    struct sum *to)
{
	AUTO_ARENA a = { 0 };

	count_in(store, arena_printf(&a, "%s/new", path), to);
	count_in(store, arena_printf(&a, "%s/cur", path), to);
}

/* The Maildir and its folders, without the one for trash. */
static void count_all(const struct maildir_store *store, const char *root,
    struct sum *to)
{
	AUTO_ARENA a = { 0 };
	DIR *d = open_dir(store, root);
	const struct dirent *entry;

	*to = (struct sum){ 0, 0 };
	count_folder(store, root, to);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;

		if (name[0] == '.' && strcmp(name, ".") != 0 &&
		    strcmp(name, "..") != 0 && strcmp(name, ".Trash") != 0)
			count_folder(store,
			    arena_printf(&a, "%s/%s", root, name), to);
	}
	if (d != NULL)
		closedir(d);
}

/* Written beside it and put in its place; it is no loss when that fails. */
static void write_anew(const struct maildir_store *store, const char *root,
    const struct quota *q)
{
	AUTO_ARENA a = { 0 };
	AUTO_BUF text = BUF_MAX(READ_MAX);
	const char *path = arena_printf(&a, "%s/maildirsize", root);
	const char *tmp =
	    arena_printf(&a, "%s/tmp/maildirsize.%ld", root, (long)getpid());
	AUTO_FD fd = openat(store->fd, tmp,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	buf_addf(&text, "%s\n%12" PRId64 " %12" PRId64 "\n",
	    buf_c((struct buf *)(uintptr_t)&q->text), q->now.bytes,
	    q->now.count);
	if (!io_write_full(fd, text.p, text.n) ||
	    renameat(store->fd, tmp, store->fd, path) != 0)
		unlinkat(store->fd, tmp, 0);
}

static enum st judge(const struct maildir_store *store, const char *root,
    struct quota *q, uint64_t bytes, bool count_anew)
{
	bool good = fits(q, bytes);

	if (!q->is_long && (good || !q->is_old))
		return good ? ST_OK : ST_PERM;
	if (!count_anew)
		return ST_NONE;
	count_all(store, root, &q->now);
	write_anew(store, root, q);
	return fits(q, bytes) ? ST_OK : ST_PERM;
}

enum st maildirsize_check(const struct maildir_store *store, const char *dir,
    uint64_t bytes, bool count_anew, struct err *e)
{
	AUTO_ARENA a = { 0 };
	struct str root = root_of(store, &a, dir);
	const char *root_z = arena_strz(&a, root);
	struct quota q = { .text = BUF_MAX(1000) };
	enum st st = ST_NONE;

	if (read_quota(store, arena_printf(&a, "%s/maildirsize", root_z), &q))
		st = judge(store, root_z, &q, bytes, count_anew);
	if (st == ST_PERM) {
		errno = EDQUOT;
		st = maildir_errno(e, store, "maildirsize of", root_z);
	}
	buf_clear(&q.text);
	return st;
}

void maildirsize_add(const struct maildir_store *store, const char *dir,
    uint64_t bytes)
{
	AUTO_ARENA a = { 0 };
	struct str root = root_of(store, &a, dir);
	AUTO_FD fd = openat(store->fd,
	    arena_printf(&a, "%.*s/maildirsize", STR_ARG(root)),
	    O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char line[64];
	int n =
	    snprintf(line, sizeof(line), "%llu 1\n", (unsigned long long)bytes);

	/* What is lost here is found when it is counted anew. */
	if (fd >= 0)
		(void)!write(fd, line, (size_t)n);
}
