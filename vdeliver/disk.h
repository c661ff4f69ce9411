/*
 * disk - which order of syncs keeps the promise on a file system.
 *
 * The table is in disk.c, with the reasons. What is not known there, or was set
 * up in another way than the reasons want, gets DISK_FILES, which is right
 * wherever fsync(2) is.
 */
#ifndef VDELIVER_DISK_H
#define VDELIVER_DISK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/macros.h"
#include "base/str.h"

enum disk_order {
	/* fsync each file, rename, fsync each directory that is not safe */
	DISK_FILES,
	/* write each file out and wait for it (sync_file_range), rename, and
	 * one fsync of the directory that was changed last: it commits the log
	 * up to there, and with it all that was done before. */
	DISK_LOG,
};

struct disk {
	enum disk_order order;
	dev_t dev;   /* only what lies on it: there may be mounts below */
	bool logs;   /* changes come in transactions */
	bool syncfs; /* one syncfs(2) is as good as all fsyncs: it logs, and the
			kernel tells errors (Linux 5.17) */
	char type[24];
	const char *why; /* the order, in words */
};

/*
 * Judge the file system that base, an open directory, lies on; for root, who may
 * look at the device. Never fails: base may be -1.
 */
void disk_judge(struct disk *d, int base);

/*
 * The same from texts: line is that of /proc/self/mountinfo for the device;
 * options, of ext4, the file in /proc/fs/ext4; super its superblock, the 1024
 * octets from 1024 on. What could not be read is empty.
 */
void disk_judge_text(struct disk *d, struct str line, struct str options,
    struct str super);

#endif
