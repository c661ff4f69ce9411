/* state - what polls have said, and the files. Runs in: parent. */

#include "fetcher/state.h"

#include <limits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "fetcher/report.h"

/* The names of the other files: the id file's, and this. */
#define DELIVERED "-delivered"
#define KEPT      "-kept"

/* Ours alone, beside the id file, which stays as fetchmail knows it. */
enum st state_load(struct state *s, const char *idfile, struct err *e)
{
	AUTO_BUF path = BUF_MAX(PATH_MAX);

	*s = (struct state){ 0 };
	if (uidl_load(&s->ids, idfile, e) != ST_OK)
		return ST_TEMP;
	buf_setf(&path, "%s" DELIVERED, idfile);
	if (uidl_load(&s->delivered, buf_c(&path), e) != ST_OK)
		return ST_TEMP;
	buf_setf(&path, "%s" KEPT, idfile);
	return kept_load(&s->kept, buf_c(&path), e);
}

void state_clear(struct state *s)
{
	uidl_free(s->ids);
	uidl_free(s->delivered);
	kept_free(s->kept);
	*s = (struct state){ 0 };
}

void state_note(struct state *s, const struct account *a, struct str line)
{
	struct str what = str_skip(line, 1);

	if (line.n != 0 && *line.p == 'A')
		uidl_note(s->ids, a->user, a->host, what);
	if (line.n != 0 && *line.p == 'D')
		uidl_note(s->delivered, a->user, a->host, what);
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

void state_save(struct state *s)
{
	struct err e;

	if (uidl_save(s->ids, &e) != ST_OK)
		report_error("%s", e.text);
	if (uidl_save(s->delivered, &e) != ST_OK)
		report_error("%s", e.text);
	if (kept_save(s->kept, &e) != ST_OK)
		report_error("%s", e.text);
}
