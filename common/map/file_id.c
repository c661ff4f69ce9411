/* file_id - did a file change behind our back. */

#include "map/types.h"

void file_id_set(struct file_id *id, const struct stat *sb)
{
	id->dev = sb->st_dev;
	id->ino = sb->st_ino;
	id->size = sb->st_size;
	id->mtime = sb->st_mtim;
}

bool file_id_changed(const struct file_id *id, const char *path)
{
	struct stat sb;

	return stat(path, &sb) != 0 || sb.st_dev != id->dev ||
	    sb.st_ino != id->ino || sb.st_size != id->size ||
	    sb.st_mtim.tv_sec != id->mtime.tv_sec ||
	    sb.st_mtim.tv_nsec != id->mtime.tv_nsec;
}
