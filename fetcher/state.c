/* state - what polls have said, and the files. Runs in: parent. */

#include "fetcher/state.h"

#include <limits.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "fetcher/report.h"

/* The names of the other files: the id file's, and this. */
#define DELIVERED "-delivered"
#define KEPT      "-kept"
#define JOURNAL   "-journal"

/* A record of the journal, whose account may have left the rc file. */
static void replay(void *arg, char kind, struct str account, struct str key)
{
	AUTO_ARENA arena = { 0 };
	struct state *s = arg;
	struct str user, host = account;
	ptrdiff_t at = str_rfind(account, '@');

	if (at < 0)
		return;
	user = (struct str){ account.p, (size_t)at };
	host = str_skip(account, (size_t)at + 1);
	if (kind == 'A')
		uidl_add(s->ids, arena_strz(&arena, user),
		    arena_strz(&arena, host), key);
	if (kind == 'D')
		uidl_add(s->delivered, arena_strz(&arena, user),
		    arena_strz(&arena, host), key);
}

static enum st load_journal(struct state *s, const char *idfile, struct err *e)
{
	AUTO_BUF path = BUF_MAX(PATH_MAX);
	size_t bad;
	enum st st;

	buf_setf(&path, "%s" JOURNAL, idfile);
	s->journal_path = buf_take(&path);
	st = journal_open(&s->journal, s->journal_path, replay, s, &bad, e);
	if (bad != 0)
		report_error("%s: %zu damaged line%s passed over; what they "
			     "said may be delivered again",
		    s->journal_path, bad, bad == 1 ? "" : "s");
	if (st != ST_NONE)
		return st;
	report_error("%s; a crash may have mail delivered again", e->text);
	return ST_OK;
}

/* Ours alone, beside the id file, which stays as fetchmail knows it. */
enum st state_load(struct state *s, const char *idfile, struct err *e)
{
	AUTO_BUF path = BUF_MAX(PATH_MAX);

	*s = (struct state){ .journal = { .fd = -1 } };
	if (uidl_load(&s->ids, idfile, e) != ST_OK)
		return ST_TEMP;
	buf_setf(&path, "%s" DELIVERED, idfile);
	if (uidl_load(&s->delivered, buf_c(&path), e) != ST_OK)
		return ST_TEMP;
	buf_setf(&path, "%s" KEPT, idfile);
	if (kept_load(&s->kept, buf_c(&path), e) != ST_OK)
		return ST_TEMP;
	return load_journal(s, idfile, e);
}

void state_clear(struct state *s)
{
	uidl_free(s->ids);
	uidl_free(s->delivered);
	kept_free(s->kept);
	journal_close(&s->journal);
	free(s->journal_path);
	*s = (struct state){ .journal = { .fd = -1 } };
}

void state_note(struct state *s, const struct account *a, struct str line)
{
	struct str what = str_skip(line, 1);
	char kind = line.n != 0 ? *line.p : '\0';

	if (kind == 'A')
		uidl_add(s->ids, a->user, a->host, what);
	else if (kind == 'D')
		uidl_add(s->delivered, a->user, a->host, what);
	else
		return;
	s->journal.dirty = true;
}

static void learn_line(struct state *s, const struct account *a, char kind,
    struct str what)
{
	switch (kind) {
	case 'C':
		uidl_clear(s->ids, a->user, a->host, STR_NONE);
		break;
	case 'A':
		uidl_add(s->ids, a->user, a->host, what);
		break;
	case 'X':
		uidl_clear(s->delivered, a->user, a->host, what);
		break;
	case 'D':
		uidl_add(s->delivered, a->user, a->host, what);
		break;
	case 'F':
		uidl_remove(s->delivered, a->user, a->host, what);
		break;
	case 'B':
		kept_count(s->kept, a->user, a->host, what);
		break;
	case 'G':
		kept_remove(s->kept, a->user, a->host, what);
		break;
	case 'Z':
		kept_renew(s->kept, a->user, a->host, what);
		break;
	case 'K':
		kept_add(s->kept, a->user, a->host, what, clock_seconds());
		break;
	}
}

/* The list of all that count: not all of it has come. */
static bool is_cut_off(struct str rest)
{
	return !str_starts(rest, STR("E\n")) &&
	    str_search(rest, STR("\nE\n")) < 0;
}

void state_learn(struct state *s, const struct account *a, struct str lines)
{
	struct str line;

	while (str_cut(&lines, '\n', &line)) {
		if (str_eqc(line, "C") && is_cut_off(lines))
			return;
		if (line.n != 0)
			learn_line(s, a, *line.p, str_skip(line, 1));
	}
}

void state_sync(struct state *s)
{
	struct err e;

	if (s->journal.fd >= 0 && journal_sync(&s->journal, &e) != ST_OK)
		report_error("%s", e.text);
}

static bool save(const enum st st, const struct err *e)
{
	if (st != ST_OK)
		report_error("%s", e->text);
	return st == ST_OK;
}

void state_save(struct state *s, bool idle)
{
	struct err e;
	bool all = save(uidl_save(s->ids, &e), &e);

	all &= save(uidl_save(s->delivered, &e), &e);
	all &= save(kept_save(s->kept, &e), &e);
	if (all && idle && s->journal.fd >= 0)
		save(journal_empty(&s->journal, &e), &e);
}
