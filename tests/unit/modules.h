/*
 * modules - the modules of this build, where root may load them from: in a
 * directory of our own, which nobody else can write.
 */
#ifndef TESTS_MODULES_H
#define TESTS_MODULES_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"

static char modules_dir[] = "/tmp/test_modules.XXXXXX";

static inline const char *modules_file(const char *type)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/map_%s.so", modules_dir, type);
	return path;
}

/* Copy map_TYPE.so there and have it loaded from there. */
static inline void modules_take(const char *type)
{
	AUTO_BUF from = BUF_MAX(4096);
	AUTO_BUF content = BUF_MAX(100000000);
	const char *build = getenv("builddir");
	struct err e;
	int fd;

	if (strchr(modules_dir, 'X') != NULL)
		assert_non_null(mkdtemp(modules_dir));
	buf_addf(&from, "%s/common/map/modules/map_%s.so",
	    build != NULL ? build : ".", type);
	if (io_read_file(buf_c(&from), &content, &e) != ST_OK)
		fail_msg("%s (set builddir)", e.text);
	fd = open(modules_file(type), O_WRONLY | O_CREAT | O_TRUNC, 0755);
	assert_true(fd >= 0);
	assert_true(io_write_full(fd, content.p, content.n));
	close(fd);
	setenv("MAP_MODULES", modules_dir, 1);
}

static inline void modules_drop(const char *type)
{
	unlink(modules_file(type));
	rmdir(modules_dir);
}

#endif
