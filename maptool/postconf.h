/*
 * postconf - show and edit main.cf as postconf(1) does.
 */
#ifndef MAPTOOL_POSTCONF_H
#define MAPTOOL_POSTCONF_H

/* The exit status. argv[0] is not looked at. */
int postconf_main(int argc, char **argv);

#endif
