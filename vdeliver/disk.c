/* disk - which order of syncs is right where. Runs in: monitor's child (root),
 * before it becomes a worker. */

#include "vdeliver/disk.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/num.h"

#define SUPER_AT   1024
#define SUPER_SIZE 1024
#define TEXT_MAX   1048576

/* What is known of one file system. */
struct facts {
	struct str type, options; /* of the super block, as mount(8) shows */
	struct str ext4;          /* /proc/fs/ext4/DEVICE/options */
	struct str super;
};

/* Has the list, of words with separators, this one? */
static bool has(struct str list, const char *separators, const char *word)
{
	struct str part;

	while (str_word(&list, separators, &part))
		if (str_eqc(part, word))
			return true;
	return false;
}

static bool has_start(struct str list, const char *separators,
    const char *start)
{
	struct str part;

	while (str_word(&list, separators, &part))
		if (str_starts(part, str_c(start)))
			return true;
	return false;
}

static uint32_t le32(struct str s, size_t at)
{
	const unsigned char *p = (const unsigned char *)s.p + at;

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

/* Offsets: Documentation/filesystems/ext4/super.rst */
enum {
	EXT4_MAGIC_AT = 0x38,
	EXT4_COMPAT_AT = 0x5c,
	EXT4_JOURNAL_INODE_AT = 0xe0,
	EXT4_HAS_JOURNAL = 0x4,
	EXT4_FAST_COMMIT = 0x400,
};

static bool ext4_logs(const struct facts *f)
{
	return has_start(f->ext4, "\n", "data=");
}

/* The journal lies on the same device, so that the flush before its commit
 * block is one of the data, too. */
static bool ext4_suits(const struct facts *f)
{
	uint32_t compat;

	if (f->super.n != SUPER_SIZE || f->super.p[EXT4_MAGIC_AT] != 0x53 ||
	    (unsigned char)f->super.p[EXT4_MAGIC_AT + 1] != 0xef)
		return false;
	compat = le32(f->super, EXT4_COMPAT_AT);
	return (compat & EXT4_HAS_JOURNAL) != 0 &&
	    (compat & EXT4_FAST_COMMIT) == 0 &&
	    le32(f->super, EXT4_JOURNAL_INODE_AT) != 0 &&
	    has(f->ext4, "\n", "data=ordered") && has(f->ext4, "\n", "barrier");
}

static bool xfs_suits(const struct facts *f)
{
	return f->options.n != 0 && !has_start(f->options, ",", "rtdev=") &&
	    !has_start(f->options, ",", "logdev=");
}

static bool always(const struct facts *f UNUSED)
{
	return true;
}

static bool never(const struct facts *f UNUSED)
{
	return false;
}

/*
 * DISK_LOG needs three things of a file system. The wait of sync_file_range()
 * ends when the data are on the device and the extents and the size are in the
 * log, or in what will be its next transaction. There is one log, in order: a
 * commit of one change commits all that were made before. A commit flushes the
 * device of the data before its own last block.
 */
static const struct row {
	const char *type;
	bool (*suits)(const struct facts *f); /* for DISK_LOG */
	bool (*logs)(const struct facts *f);
	const char *yes, *no;
} rows[] = {
	{ "ext4", ext4_suits, ext4_logs,
	    "internal journal, data=ordered, barriers: pages count as written "
	    "when their extents are in a transaction; transactions are "
	    "committed in order, behind a flush",
	    "not an internal journal with data=ordered and barriers and without "
	    "fast_commit" },
	{ "xfs", xfs_suits, always,
	    "data and log on one device: pages count as written when the size "
	    "is in the log, which is forced in order, behind a flush",
	    "a realtime or a log device of its own" },
	{ "btrfs", never, always, "",
	    "write-back ends before the extents are recorded, and the log tree "
	    "has what was synced alone" },
	{ "overlay", never, never, "", "sync_file_range() does nothing" },
	{ "tmpfs", never, never, "", "there is no disk" },
};

/* "5.17.0-1-amd64" */
static bool tells_errors(void)
{
	struct utsname u;
	struct str rest, version, minor;
	uint64_t v, m;

	if (uname(&u) != 0)
		return false;
	rest = str_c(u.release);
	return str_word(&rest, ".", &version) &&
	    str_word(&rest, ".-", &minor) && num_u64(version, 1000, &v) &&
	    num_u64(minor, 1000, &m) && (v > 5 || (v == 5 && m >= 17));
}

static void judge(struct disk *d, const struct facts *f)
{
	const struct row *r;

	d->order = DISK_FILES;
	d->logs = false;
	d->why = "nothing is known about it";
	snprintf(d->type, sizeof(d->type), "%.*s", STR_ARG(f->type));
	for (r = rows; r < rows + NELEM(rows); r++) {
		if (!str_eqc(f->type, r->type))
			continue;
		d->logs = r->logs(f);
		d->order = r->suits(f) ? DISK_LOG : DISK_FILES;
		d->why = d->order == DISK_LOG ? r->yes : r->no;
	}
	d->syncfs = d->logs && tells_errors();
}

/* proc(5): "36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw" */
static void read_line(struct facts *f, struct str line)
{
	struct str word;

	while (str_word(&line, " ", &word) && !str_eqc(word, "-"))
		;
	if (!str_word(&line, " ", &f->type) || !str_word(&line, " ", &word) ||
	    !str_word(&line, " ", &f->options))
		f->type = f->options = STR_NONE;
}

void disk_judge_text(struct disk *d, struct str line, struct str options,
    struct str super)
{
	struct facts f = { STR_NONE, STR_NONE, options, super };

	read_line(&f, line);
	judge(d, &f);
}

static struct str read_file(struct arena *a, const char *path)
{
	AUTO_BUF b = BUF_MAX(TEXT_MAX);
	struct err e;

	return io_read_file(path, &b, &e) == ST_OK ? arena_str(a, buf_str(&b))
						   : STR_NONE;
}

/* Its line in mountinfo; of several they differ in what does not matter. */
static struct str find_line(struct arena *a, dev_t dev)
{
	struct str text = read_file(a, "/proc/self/mountinfo"), line, rest;
	struct str word = STR_NONE;
	const char *number = arena_printf(a, "%u:%u", major(dev), minor(dev));
	int i;

	while (str_word(&text, "\n", &line)) {
		rest = line;
		for (i = 0; i < 3; i++)
			if (!str_word(&rest, " ", &word))
				word = STR_NONE;
		if (str_eqc(word, number))
			return line;
	}
	return STR_NONE;
}

/* The kernel's name of a block device, "sda1"; NULL: it has none. */
static const char *device_name(struct arena *a, dev_t dev)
{
	struct str text = read_file(a,
	    arena_printf(a, "/sys/dev/block/%u:%u/uevent", major(dev),
		minor(dev)));
	struct str line;

	while (str_word(&text, "\n", &line))
		if (str_starts(line, STR("DEVNAME=")))
			return arena_strz(a,
			    str_skip(line, sizeof("DEVNAME=") - 1));
	return NULL;
}

static struct str read_super(struct arena *a, const char *name, dev_t dev)
{
	AUTO_FD fd = open(arena_printf(a, "/dev/%s", name),
	    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *super = arena_alloc(a, SUPER_SIZE);
	struct stat sb;

	if (fd < 0 || fstat(fd, &sb) != 0 || !S_ISBLK(sb.st_mode) ||
	    sb.st_rdev != dev ||
	    io_read_at(fd, super, SUPER_SIZE, SUPER_AT) != SUPER_SIZE)
		return STR_NONE;
	return (struct str){ super, SUPER_SIZE };
}

void disk_judge(struct disk *d, int base)
{
	AUTO_ARENA a = { 0 };
	struct facts f = { 0 };
	const char *name;
	struct stat sb;

	memset(d, 0, sizeof(*d));
	if (base >= 0 && fstat(base, &sb) == 0) {
		d->dev = sb.st_dev;
		read_line(&f, find_line(&a, sb.st_dev));
	}
	name = str_eqc(f.type, "ext4") ? device_name(&a, d->dev) : NULL;
	if (name != NULL) {
		f.ext4 = read_file(&a,
		    arena_printf(&a, "/proc/fs/ext4/%s/options", name));
		f.super = read_super(&a, name, d->dev);
	}
	judge(d, &f);
}
