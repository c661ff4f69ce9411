/*
 * master_print - services of master.cf as postconf -M shows them.
 */
#ifndef MAPTOOL_MASTER_PRINT_H
#define MAPTOOL_MASTER_PRINT_H

#include "base/buf.h"
#include "conf/master.h"

/*
 * Add an entry in columns and its newline; the command alone, at the end of
 * a line that has `column` bytes. fold: as postconf -f, each -o on its own line.
 */
void master_print(const struct master_entry *it, bool fold, struct buf *out);
void master_print_command(const struct master_entry *it, size_t column,
    bool fold, struct buf *out);

#endif
