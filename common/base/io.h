/*
 * io - whole reads and writes, and descriptors that close themselves.
 */
#ifndef COMMON_BASE_IO_H
#define COMMON_BASE_IO_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/* A descriptor that is closed at the end of its scope (-1: none). */
#define AUTO_FD CLEANUP(fd_clear) int

/* Close *fd unless it is negative, and set it to -1. errno is kept. */
void fd_clear(int *fd);
/* Move a descriptor out of its owner: returns *fd and sets it to -1. */
int fd_take(int *fd) MUST_CHECK;

/* Set or clear O_NONBLOCK and FD_CLOEXEC; false with errno. */
bool fd_nonblock(int fd, bool on) MUST_CHECK;
bool fd_cloexec(int fd, bool on) MUST_CHECK;

/*
 * Put /dev/null in place of standard input, output and error: whoever started
 * us may have pipes there, and wait for their end. False with errno.
 */
bool io_leave_terminal(void) MUST_CHECK;

/*
 * Write all n bytes to a blocking descriptor. Short writes and EINTR are gone
 * on with. False with errno set; a part may have been written then.
 */
bool io_write_full(int fd, const void *p, size_t n) MUST_CHECK;
/* Read until n bytes or the end; the count, or -1 with errno. */
ssize_t io_read_full(int fd, void *p, size_t n) MUST_CHECK;
/* pread(2), which a signal does not break off. */
ssize_t io_read_at(int fd, void *p, size_t n, off_t at) MUST_CHECK;

/*
 * The content of a regular file, added to b (its limit applies: then ST_TEMP
 * "NAME: larger than N bytes"). ST_TEMP with the reason on failure; a
 * directory is a failure.
 */
enum st io_read_file(const char *path, struct buf *b, struct err *e) MUST_CHECK;
/* The same from an open descriptor; name is for messages. */
enum st io_slurp(int fd, const char *name, struct buf *b, struct err *e)
    MUST_CHECK;

#endif
