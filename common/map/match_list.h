/*
 * match_list - a list of domains, addresses, networks, files and tables, and
 * the question whether something is in it: mynetworks, mydestination.
 *
 * Items are separated by blanks and commas outside braces; "!item" negates;
 * "/file" reads items from a file; "type:name" is a table in which a present
 * key matches. The first item that matches decides. Case does not count.
 */
#ifndef COMMON_MAP_MATCH_LIST_H
#define COMMON_MAP_MATCH_LIST_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

enum match_kind {
	MATCH_DOMAIN,  /* exact names: virtual_mailbox_domains, mydestination */
	MATCH_NETWORK, /* IP addresses: items are a.b.c.d[/n], [v6]/n */
};

struct match_list;

/*
 * Parse the (expanded) list. It always succeeds: a bad item (host bits set,
 * file not readable, table not usable) is logged once and makes each question
 * that comes to it ST_TEMP. param is for messages; map_flags as for map_open.
 */
struct match_list *match_list_open(const char *param, struct str list,
    enum match_kind kind, unsigned map_flags) MUST_CHECK;

/* ST_OK: in the list. ST_NONE: not. ST_TEMP: cannot tell (4.3.0). */
enum st match_list_get(struct match_list *l, struct str key, struct err *e)
    MUST_CHECK;

/* As maps_changed, maps_last and maps_pure: tables and files of the list. */
bool match_list_changed(struct match_list *l);
bool match_list_lasts(const struct match_list *l);
bool match_list_pure(const struct match_list *l);
/*
 * True when all of it is in memory, whatever becomes of files: names, networks
 * and tables of types that are read once (regexp, pcre, cidr, inline, static).
 */
bool match_list_in_memory(const struct match_list *l);
/* True when an item is bad, or its table could not be opened. */
bool match_list_broken(const struct match_list *l);
/* NULL is fine. */
void match_list_close(struct match_list *l);

#endif
