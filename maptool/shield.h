/*
 * shield - do in a child process what a library may not survive: Berkeley DB
 * and LMDB believe what stands in the file that they change.
 */
#ifndef MAPTOOL_SHIELD_H
#define MAPTOOL_SHIELD_H

/*
 * Run fn(arg) in a child with the same files and signals, its result being the
 * child's exit status and that of this function. When it crashes, or uses more
 * CPU time than cpu_seconds, that ends the program: "fatal: WHAT is damaged,
 * build it again". A signal that kills the child for another reason kills us.
 */
int shield_run(int (*fn)(const void *arg), const void *arg, const char *what,
    unsigned cpu_seconds);

#endif
