/* spool - one message's body, in memory or in a sealed memfd. */
/* runs in: front */

#include "vdeliver/spool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"

/* What is gathered before a write to the memfd. */
#define SPOOL_CHUNK 65536

void spool_init(struct spool *s, struct spool_budget *budget, size_t inline_max)
{
	*s = (struct spool){ .budget = budget,
		.inline_max = inline_max,
		.fd = -1,
		.mem = BUF_MAX(inline_max + SPOOL_CHUNK) };
}

bool spool_full(const struct spool_budget *b, uint64_t n)
{
	return n > b->limit || b->used > b->limit - n;
}

static enum st flush(struct spool *s, struct err *e)
{
	if (s->fd < 0)
		s->fd =
		    memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->fd < 0 || !io_write_full(s->fd, s->mem.p, s->mem.n)) {
		s->failed = true;
		return err_temp(e, "4.3.1", "Insufficient system storage: %m");
	}
	buf_reset(&s->mem);
	return ST_OK;
}

/* Add what surely fits into mem: at most SPOOL_CHUNK bytes. */
static enum st add_some(struct spool *s, struct str bytes, struct err *e)
{
	if (s->fd < 0 ? s->mem.n + bytes.n > s->inline_max
		      : s->mem.n + bytes.n > SPOOL_CHUNK) {
		if (s->mem.n != 0 && flush(s, e) != ST_OK)
			return ST_TEMP;
	}
	buf_add(&s->mem, bytes);
	/* A first piece that is itself too large for inline. */
	if (s->fd < 0 && s->mem.n > s->inline_max)
		return flush(s, e);
	return ST_OK;
}

enum st spool_add(struct spool *s, struct str bytes, struct err *e)
{
	if (s->sealed)
		bug("spool_add after spool_seal");
	if (s->failed || spool_full(s->budget, bytes.n)) {
		s->failed = true;
		return err_temp(e, "4.3.1", "Insufficient system storage");
	}
	s->budget->used += bytes.n;
	s->size += bytes.n;
	while (bytes.n != 0) {
		struct str some = str_head(bytes, SPOOL_CHUNK);

		if (add_some(s, some, e) != ST_OK)
			return ST_TEMP;
		bytes = str_skip(bytes, some.n);
	}
	return ST_OK;
}

enum st spool_seal(struct spool *s, struct err *e)
{
	static const int seals =
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

	if (s->failed)
		return err_temp(e, "4.3.1", "Insufficient system storage");
	if (s->sealed)
		return ST_OK;
	if (s->fd >= 0) {
		if (s->mem.n != 0 && flush(s, e) != ST_OK)
			return ST_TEMP;
		buf_clear(&s->mem);
		if (lseek(s->fd, 0, SEEK_SET) < 0 ||
		    fcntl(s->fd, F_ADD_SEALS, seals) < 0) {
			s->failed = true;
			return err_temp(e, "4.3.1", "seal message: %m");
		}
	}
	s->sealed = true;
	return ST_OK;
}

uint64_t spool_size(const struct spool *s)
{
	return s->size;
}

int spool_fd(const struct spool *s)
{
	return s->sealed ? s->fd : -1;
}

struct str spool_inline(const struct spool *s)
{
	return s->sealed && s->fd < 0 ? buf_str(&s->mem) : STR_NONE;
}

void spool_clear(struct spool *s)
{
	if (s == NULL || s->budget == NULL)
		return;
	s->budget->used -= s->size;
	fd_clear(&s->fd);
	buf_clear(&s->mem);
	s->size = 0;
	s->failed = s->sealed = false;
}
