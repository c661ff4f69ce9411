/*
 * maildir - put one message into a Maildir so that it survives a crash.
 *
 * stage() makes a file under tmp/, the caller writes and syncs it, publish()
 * renames it into new/. Nothing is durable before the caller also synced the
 * directories: commit.h (vdeliver) does that for many messages at once.
 * Layout: https://cr.yp.to/proto/maildir.html. File names as virtual(8) makes
 * them: <seconds>.V<dev>I<inode>M<usec>.<host>, with ,S=<size> by sized; under tmp/
 * <seconds>.P<pid>Q<count>B<boot>.<host>, so that what a dead process left can
 * be told.
 */
#ifndef COMMON_MAIL_MAILDIR_H
#define COMMON_MAIL_MAILDIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/* Where the mailboxes lie; outlives the messages. */
struct maildir_store {
	int fd;           /* the base directory, opened for reading */
	const char *path; /* its name, for messages */
	bool defer_quota; /* over quota is 4.2.2 instead of 5.2.2 */
	bool sized;       /* names end in ",S=SIZE", as Maildir++ has them */
	bool confine;     /* no file is made where a link leads out of it */
};

struct maildir_msg {
	const struct maildir_store *store;
	int fd;          /* for writing; -1 after publish and discard */
	const char *dir; /* below store, no slash at the end; in the arena */
	const char *tmp; /* DIR/tmp/NAME, NULL once it is gone */
	const char *new; /* DIR/new/NAME after publish */
	uint64_t size;   /* of the file, after publish */
};

/* Read what names are made of, while the files for that can be reached. */
void maildir_prepare(void);

/*
 * Create a file (mode 0600) under tmp/ of dir, a path relative to the store; make
 * the Maildir with its parents (mode 0700) when it is missing. msg is ready
 * for writing on ST_OK; no file is left behind otherwise.
 *
 * ST_TEMP: no space (4.3.0) or any other system error (4.2.0).
 * ST_PERM: over quota or file size limit (5.2.2), as in virtual(8); by the
 * store's defer_quota over quota is ST_TEMP (4.2.2).
 */
enum st maildir_stage(struct maildir_msg *msg, struct arena *a,
    const struct maildir_store *store, struct str dir, struct err *e)
    MUST_CHECK;

/*
 * Rename the file into new/, making new/ and cur/ when they are missing, never
 * over an existing name: by RENAME_NOREPLACE, else by link(2), and where there
 * is neither by rename(2) after a look. A step that fails and is done all the
 * same, as NFS has it, is done. The file is closed. Errors as above; the tmp file
 * stays for maildir_discard() then.
 */
enum st maildir_publish(struct maildir_msg *msg, struct arena *a, struct err *e)
    MUST_CHECK;

/* Close, and remove the tmp file if it is still there. */
void maildir_discard(struct maildir_msg *msg);

/*
 * Remove from DIR/tmp what processes of this host left that have died since:
 * files with names of ours, of another boot or of a pid that is no more; and
 * everybody's that were neither read nor changed for 36 hours, as maildir(5) has
 * it. Errors do not matter: it is done again some day.
 */
void maildir_sweep(const struct maildir_store *store, const char *dir);

/*
 * The outcome for errno after a failed step, with the text "maildir delivery
 * failed: WHAT STORE/PATH: REASON"; path may be NULL. errno is kept.
 */
enum st maildir_errno(struct err *e, const struct maildir_store *store,
    const char *what, const char *path);

#endif
