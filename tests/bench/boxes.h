/*
 * boxes - the Maildirs user000, user001, ... of the benchmark programs.
 */
#ifndef TESTS_BENCH_BOXES_H
#define TESTS_BENCH_BOXES_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Open directories: of the store, and tmp/ and new/ of each box. */
static int rootfd, *fd_tmp, *fd_new;

static int box_part(int box, const char *part)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "user%03d/%s", box, part);
	mkdirat(rootfd, path, 0700);
	fd = openat(rootfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		exit(2);
	}
	return fd;
}

static void boxes_make(const char *root, int n)
{
	mkdir(root, 0700);
	rootfd = open(root, O_RDONLY | O_DIRECTORY);
	if (rootfd < 0) {
		perror(root);
		exit(2);
	}
	fd_tmp = malloc(sizeof(int) * n);
	fd_new = malloc(sizeof(int) * n);
	for (int i = 0; i < n; i++) {
		char path[64];

		snprintf(path, sizeof path, "user%03d", i);
		mkdirat(rootfd, path, 0700);
		snprintf(path, sizeof path, "user%03d/cur", i);
		mkdirat(rootfd, path, 0700);
		fd_tmp[i] = box_part(i, "tmp");
		fd_new[i] = box_part(i, "new");
	}
}

#endif
