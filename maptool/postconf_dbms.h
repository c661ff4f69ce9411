/*
 * postconf_dbms - names such as mydb_search_base, which main.cf may set where
 * a table "ldap:mydb" is in use and its settings stand in main.cf itself.
 */
#ifndef MAPTOOL_POSTCONF_DBMS_H
#define MAPTOOL_POSTCONF_DBMS_H

#include "maptool/postconf_names.h"

/* Note these names in n->referenced, for all tables in use. */
void pc_dbms_names(struct pc_names *n);

#endif
