/*
 * fuzz - what the fuzz targets share. A target is one file fuzz_x.c with the
 * function below; it must come back from any bytes, and it judges nothing: the
 * sanitizers do. replay.c calls it with each file of corpus/x, libFuzzer with
 * what it makes of them.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <sys/mman.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

/* The name is libFuzzer's. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input; log lines are made as ever, and go nowhere. */
static inline struct str fuzz_input(const uint8_t *data, size_t size)
{
	log_to_stderr(false);
	return (struct str){ (const char *)data, size };
}

/* Cut the first byte off *s as flags, 0 when there is none. */
static inline unsigned fuzz_byte(struct str *s)
{
	unsigned byte = s->n != 0 ? (unsigned char)s->p[0] : 0;

	*s = str_skip(*s, 1);
	return byte;
}

/* Cut the first line off *s. */
static inline struct str fuzz_line(struct str *s)
{
	struct str line;

	str_cut(s, '\n', &line);
	return line;
}

/* A file with these bytes, the same descriptor each time. */
static inline int fuzz_file(struct str bytes)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) != 0 ||
	    pwrite(fd, bytes.p, bytes.n, 0) != (ssize_t)bytes.n)
		abort();
	return fd;
}

/* Where fuzz_folder() put its file. */
static char fuzz_dir[] = "/tmp/vd-fuzz-XXXXXX", fuzz_path[64];

static inline void fuzz_remove_folder(void)
{
	unlink(fuzz_path);
	rmdir(fuzz_dir);
}

/*
 * A folder in which a file of this name has these bytes: a link to the one
 * above. name: always the same. It is removed in the end, but for a crash.
 */
static inline const char *fuzz_folder(const char *name, struct str bytes)
{
	char to[64];

	snprintf(to, sizeof(to), "/proc/self/fd/%d", fuzz_file(bytes));
	if (fuzz_path[0] != '\0')
		return fuzz_dir;
	if (mkdtemp(fuzz_dir) == NULL)
		abort();
	snprintf(fuzz_path, sizeof(fuzz_path), "%s/%s", fuzz_dir, name);
	if (symlink(to, fuzz_path) != 0)
		abort();
	atexit(fuzz_remove_folder);
	return fuzz_dir;
}

#endif
