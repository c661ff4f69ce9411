/*
 * told - what a poll tells the parent, who keeps the files.
 *
 * Lines on a pipe. The id file, which is fetchmail's: "Auid" counts as seen;
 * "C" begins the list of all that count, "E" ends it, and without that end it
 * is not believed. The file of what was delivered and should have left the
 * server: "Dkey" adds, "Fkey" forgets, "Xprefix" forgets all that begin so.
 * The file of what stays, kept.h: "Kkey" was fetched, "Zprefix" begins the list
 * of all that begin so; "Bkey": the server failed within it once more, "Gkey":
 * forget that.
 * "P": the poll moves. For mail that a daemon sends: "Osize": a message was too
 * large; "T": the server was silent.
 */
#ifndef FETCHER_TOLD_H
#define FETCHER_TOLD_H

#include "fetcher/message.h"

/* This one was delivered, whatever happens to us now. */
void told_delivered(struct poll *q, uint64_t n);
/* It is gone, or marked: it does not come again. */
void told_forgotten(struct poll *q, uint64_t n);
/* Its sender has had a notice of its refusal by this code; has he? */
void told_refused(struct poll *q, uint64_t n, int code);
bool told_refused_before(struct poll *q, uint64_t n, int code);
/* Of what was delivered or refused before, these are in this folder still. */
void told_owed(struct poll *q);
/*
 * "keep N days", "track uid": which were fetched before, and when; those that
 * have been here for long enough expire.
 */
void told_kept(struct poll *q);
/* The server has failed within this one; how often it has, before. */
void told_broken(struct poll *q, uint64_t n);
int64_t told_broken_before(struct poll *q, uint64_t n);
/* What counts as seen after this session; what was deleted with it is gone. */
void told_ids(struct poll *q);
/* We move: the parent waits on. arg: a struct poll. */
void told_moved(void *arg);

/* For tidings.h: a message of so many octets was left; the server was silent. */
void told_large(const struct poll *q, uint64_t octets);
void told_timeout(const struct poll *q);

/* The same as told_moved(), of a poll known by its how. */
void told_alive(const struct poll_how *how);

/* Was it delivered by an earlier poll? */
bool told_before(struct poll *q, uint64_t n);

#endif
