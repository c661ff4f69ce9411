/* file_id - did a file change behind our back. */

#include "base/clock.h"
#include "base/log.h"
#include "map/types.h"

/* A source changed so recently may be in the making: no warning yet. */
#define SOURCE_AGE_S 100
#define PATH_LIMIT   4096

void file_id_set(struct file_id *id, const struct stat *sb)
{
	id->dev = sb->st_dev;
	id->ino = sb->st_ino;
	id->size = sb->st_size;
	id->mtime = sb->st_mtim;
}

static bool differs(const struct file_id *id, const struct stat *sb)
{
	return sb->st_dev != id->dev || sb->st_ino != id->ino ||
	    sb->st_size != id->size || sb->st_mtim.tv_sec != id->mtime.tv_sec ||
	    sb->st_mtim.tv_nsec != id->mtime.tv_nsec;
}

bool file_id_changed(const struct file_id *id, const char *path)
{
	struct stat sb;

	return stat(path, &sb) != 0 || differs(id, &sb);
}

bool file_id_rewritten(const struct file_id *id, int fd)
{
	struct stat sb;

	return fstat(fd, &sb) != 0 || differs(id, &sb);
}

void map_warn_stale(const struct map *m, const char *path,
    const struct file_id *id)
{
	AUTO_BUF name = BUF_MAX(PATH_LIMIT);
	struct stat source;

	if (buf_set(&name, m->name) && stat(buf_c(&name), &source) == 0 &&
	    source.st_mtime > id->mtime.tv_sec &&
	    source.st_mtime < clock_seconds() - SOURCE_AGE_S)
		log_warn("database %s is older than source file %s", path,
		    buf_c(&name));
}
