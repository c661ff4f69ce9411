/*
 * replay - call a fuzz target with files, and with those of folders: what
 * libFuzzer's own main does, for other compilers.
 *
 * The last line counts them: "N passed, 0 failed". A failure ends the program,
 * and the last name that was printed is the file; so does a file that takes
 * too long.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX ((size_t)1 << 24)
#define FILE_S    60

static unsigned passed;

static void give_up(const char *text)
{
	fprintf(stderr, "%s\n", text);
	exit(1);
}

static void one(const char *path)
{
	AUTO_BUF b = BUF_MAX(INPUT_MAX);
	uint8_t *exact;
	struct err e;

	if (io_read_file(path, &b, &e) != ST_OK)
		give_up(e.text);
	printf("%s\n", path);
	fflush(stdout);
	/* No byte more, so that a read behind the end is seen. */
	exact = malloc(b.n);
	if (exact == NULL && b.n != 0)
		give_up("out of memory");
	if (b.n != 0)
		memcpy(exact, b.p, b.n);
	alarm(FILE_S);
	LLVMFuzzerTestOneInput(exact, b.n);
	alarm(0);
	free(exact);
	passed++;
}

int main(int argc, char **argv)
{
	char path[4096];
	struct dirent *d;
	DIR *dir;
	int i;

	for (i = 1; i < argc; i++) {
		dir = opendir(argv[i]);
		if (dir == NULL && errno == ENOTDIR)
			one(argv[i]);
		else if (dir == NULL)
			give_up(argv[i]);
		while (dir != NULL && (d = readdir(dir)) != NULL) {
			if (d->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i],
			    d->d_name);
			one(path);
		}
		if (dir != NULL)
			closedir(dir);
	}
	printf("%u passed, 0 failed\n", passed);
	return 0;
}
