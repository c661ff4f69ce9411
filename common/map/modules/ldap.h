/*
 * ldap - what the two halves of the module ldap: share: settings, connection.
 */
#ifndef COMMON_MAP_MODULES_LDAP_H
#define COMMON_MAP_MODULES_LDAP_H

#include <ldap.h>

#include "map/db_engine.h"

enum ldap_setting {
	SERVER_HOST,
	SERVER_PORT,
	TIMEOUT,
	SEARCH_BASE,
	QUERY_FILTER,
	RESULT_ATTRIBUTE,
	SPECIAL_ATTRIBUTE,
	TERMINAL_ATTRIBUTE,
	LEAF_ATTRIBUTE,
	SCOPE,
	BIND,
	BIND_DN,
	BIND_PW,
	RECURSION_LIMIT,
	EXPANSION_LIMIT,
	SIZE_LIMIT,
	DEREFERENCE,
	CHASE_REFERRALS,
	PROTOCOL,
	START_TLS,
	TLS_CA_DIR,
	TLS_CA_FILE,
	TLS_CERT,
	TLS_KEY,
	TLS_CIPHERS,
	TLS_REQUIRE,
	LDAP_KNOWN /* the others stand behind these */
};

#define LDAP_SETTINGS (LDAP_KNOWN + 12)
extern const struct db_setting ldap_settings[LDAP_SETTINGS];

struct ldap_conn {
	const struct db *db;
	LDAP *ld;
};

/* Settings that must fit together; warns of those that have no meaning. */
enum st ldap_check(struct db *d, struct err *e);
/* LDAP_SCOPE_..., and how many entries a search may find, 0: any number. */
int ldap_scope(const struct db *d);
int64_t ldap_size_limit(const struct db *d);

enum st ldap_open_conn(struct db *d, struct str host, void **conn,
    struct err *e);
void ldap_close_conn(void *conn);

#endif
