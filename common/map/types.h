/*
 * types - every table type by its name, and what their files share.
 */
#ifndef COMMON_MAP_TYPES_H
#define COMMON_MAP_TYPES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "map/map.h"

extern const struct map_ops map_hash_ops, map_btree_ops, map_lmdb_ops,
    map_cdb_ops, map_texthash_ops, map_inline_ops, map_static_ops,
    map_environ_ops, map_fail_ops, map_regexp_ops, map_pcre_ops, map_cidr_ops,
    map_union_ops, map_pipe_ops, map_rand_ops, map_debug_ops, map_unix_ops,
    map_tcp_ops, map_socketmap_ops, map_ldap_ops, map_memcache_ops,
    map_mysql_ops, map_pgsql_ops, map_sqlite_ops;

/* The row of a type, NULL when there is none; all of them. */
const struct map_ops *map_type(struct str type);
const struct map_ops *const *map_types(size_t *n);

/* key as the table stores it: folded when flags and type say so. */
bool map_fold_key(const struct map *m, struct str key, struct buf *out);

/* The file of a table: m->file, or its name and suffix. */
const char *map_file(struct map *m, const char *suffix);

/* What a file looked like; another one in its place differs. */
struct file_id {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

void file_id_set(struct file_id *id, const struct stat *sb);
/* Is path no longer what id says: other, changed or gone? */
bool file_id_changed(const struct file_id *id, const char *path);
/* Did the open file itself change? One in its place does not count. */
bool file_id_rewritten(const struct file_id *id, int fd);

/*
 * Add to e's text that m's file is missing and that of another type is there,
 * when it is so: "hash:x" was asked for, but x.lmdb was built.
 */
void map_explain_missing(const struct map *m, struct err *e);

/* Log when m's source, a file of its name, is younger than the open file. */
void map_warn_stale(const struct map *m, const char *path,
    const struct file_id *id);

#endif
