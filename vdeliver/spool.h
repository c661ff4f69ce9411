/*
 * spool - the body of one message: small ones in memory, others in a memfd
 * that nobody can change once it is sealed.
 *
 * All spools of a process share a budget; a message that would exceed it is
 * refused for now (ST_TEMP), as is one that cannot be written.
 */
#ifndef VDELIVER_SPOOL_H
#define VDELIVER_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/* Octets in all spools of this process, and how many there may be. */
struct spool_budget {
	uint64_t used, limit;
};

struct spool {
	struct spool_budget *budget;
	struct buf mem; /* the body, or what is not yet written to fd */
	size_t inline_max;
	int fd; /* -1: all of it is in mem */
	uint64_t size;
	bool failed, sealed;
};

/* Nothing is allocated yet. The budget must live longer than the spool. */
void spool_init(struct spool *s, struct spool_budget *budget,
    size_t inline_max);

/*
 * Add bytes. ST_TEMP (4.3.1): the budget is used up ("Insufficient system
 * storage"), or the memfd cannot be made or written; the spool is failed then
 * and takes nothing more.
 */
enum st spool_add(struct spool *s, struct str bytes, struct err *e) MUST_CHECK;

/*
 * No more bytes: a memfd is sealed (F_SEAL_SHRINK, GROW, WRITE, SEAL) and its
 * offset is 0. ST_TEMP (4.3.1) as above. Twice is fine.
 */
enum st spool_seal(struct spool *s, struct err *e) MUST_CHECK;

uint64_t spool_size(const struct spool *s);
/* The descriptor of a sealed spool, borrowed; -1 when it is inline. */
int spool_fd(const struct spool *s);
/* The body of a sealed spool without descriptor. */
struct str spool_inline(const struct spool *s);

/* True when not even one more message of n octets would fit. */
bool spool_full(const struct spool_budget *b, uint64_t n);

/* Free all and give the octets back; the spool is as after init. NULL: fine. */
void spool_clear(struct spool *s);

#endif
