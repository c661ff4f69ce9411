/* cdb_pages - a constant database: records, then 256 hash tables of them. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "map/pages.h"

#define TABLES     256
#define HEAD_BYTES (TABLES * 8)

struct entry {
	uint32_t pos, hash;
	bool found;
};

struct cdb_file {
	struct str bytes;
	const struct pages_use *use;
	struct pages_info *info;
	bool stop;
	uint32_t records_end; /* where the hash tables begin */
	struct entry *entry;  /* by place */
	size_t entries, room;
};

static uint32_t u32(const struct cdb_file *f, size_t at)
{
	const unsigned char *p = (const unsigned char *)f->bytes.p + at;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static void problem(struct cdb_file *f, const char *fmt, ...) PRINTF(2, 3);
static void problem(struct cdb_file *f, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	f->info->problems++;
	if (f->use->problem == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!f->use->problem(text, f->use->arg))
		f->stop = true;
}

static uint32_t hash(struct str s)
{
	uint32_t h = 5381;
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h + (h << 5)) ^ (unsigned char)s.p[i];
	return h;
}

/* Where each table lies; the first of them ends the records. */
static bool read_head(struct cdb_file *f)
{
	uint32_t i, least = UINT32_MAX;

	for (i = 0; i < TABLES; i++) {
		uint32_t pos = u32(f, (size_t)8 * i);
		uint32_t slots = u32(f, (size_t)8 * i + 4);

		if (pos < HEAD_BYTES ||
		    (uint64_t)pos + (uint64_t)8 * slots > f->bytes.n) {
			problem(f, "hash table %u is outside the file", i);
			return false;
		}
		if (pos < least)
			least = pos;
	}
	f->records_end = least;
	return true;
}

static void add_entry(struct cdb_file *f, uint32_t pos, struct str key)
{
	if (f->entries == f->room) {
		f->room = f->room * 2 + 64;
		f->entry = xreallocarray(f->entry, f->room, sizeof(*f->entry));
	}
	f->entry[f->entries++] = (struct entry){ pos, hash(key), false };
}

static bool read_records(struct cdb_file *f)
{
	uint64_t at = HEAD_BYTES;

	while (at < f->records_end && !f->stop) {
		uint64_t end = at + 8;
		struct str key, val;

		if (end <= f->records_end)
			end += (uint64_t)u32(f, at) + u32(f, at + 4);
		if (end > f->records_end) {
			problem(f, "the record at byte %ju is cut off",
			    (uintmax_t)at);
			return false;
		}
		key = (struct str){ f->bytes.p + at + 8, u32(f, at) };
		val = (struct str){ key.p + key.n, u32(f, at + 4) };
		add_entry(f, (uint32_t)at, key);
		f->info->records++;
		if (f->use->record != NULL &&
		    !f->use->record(key, val, f->use->arg))
			f->stop = true;
		at = end;
	}
	return !f->stop;
}

static struct entry *find_entry(const struct cdb_file *f, uint32_t pos)
{
	size_t low = 0, high = f->entries;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->entry[mid].pos == pos)
			return &f->entry[mid];
		if (f->entry[mid].pos < pos)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* A slot's record is there, of this hash, and met before by no other slot. */
static bool good_slot(const struct cdb_file *f, uint32_t table, size_t at)
{
	struct entry *it = find_entry(f, u32(f, at + 4));

	if (it == NULL || it->found || it->hash != u32(f, at) ||
	    it->hash % TABLES != table)
		return false;
	it->found = true;
	return true;
}

/*
 * A lookup goes on from the slot that the hash says to the first empty one: so
 * none may be empty before the record's. run counts the full ones up to here;
 * twice round, because it goes on at the table's start.
 */
static void check_table(struct cdb_file *f, uint32_t table)
{
	size_t start = u32(f, (size_t)8 * table);
	uint64_t slots = u32(f, (size_t)8 * table + 4), run = 0, i, home;

	for (i = 0; i < 2 * slots && !f->stop; i++) {
		size_t at = start + 8 * (size_t)(i % slots);

		run = u32(f, at + 4) == 0 ? 0 : run + 1;
		if (run == 0)
			continue;
		if (i < slots) {
			if (!good_slot(f, table, at))
				problem(f,
				    "hash table %u: a slot that leads to no "
				    "record of its own",
				    table);
			continue;
		}
		home = (u32(f, at) / TABLES) % slots;
		if (run <= (i - home) % slots)
			problem(f,
			    "hash table %u: a record that no lookup finds",
			    table);
	}
}

static void look_for_lost(struct cdb_file *f)
{
	size_t i, lost = 0;

	for (i = 0; i < f->entries; i++)
		lost += !f->entry[i].found;
	if (lost != 0)
		problem(f, "%zu records are in no hash table", lost);
}

bool pages_check_cdb(struct str file, const struct pages_use *use,
    struct pages_info *info)
{
	struct cdb_file f = { .bytes = file, .use = use, .info = info };
	uint32_t i;

	*info = (struct pages_info){ 0 };
	if (file.n < HEAD_BYTES || file.n > UINT32_MAX) {
		problem(&f,
		    file.n == 0 ? "the file is empty"
				: "this is no constant database");
		return false;
	}
	info->type = "cdb";
	if (read_head(&f) && read_records(&f)) {
		for (i = 0; i < TABLES && !f.stop; i++)
			check_table(&f, i);
		if (!f.stop)
			look_for_lost(&f);
	}
	free(f.entry);
	return info->problems == 0;
}
