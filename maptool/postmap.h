/*
 * postmap - build, query, change and list tables as postmap(1) and
 * postalias(1) do: options, output and exit status.
 */
#ifndef MAPTOOL_POSTMAP_H
#define MAPTOOL_POSTMAP_H

/* The exit status. argv[0] is not looked at. */
int postmap_main(int argc, char **argv);
int postalias_main(int argc, char **argv);
/* Build all of alias_database. */
int newaliases_main(int argc, char **argv);

#endif
