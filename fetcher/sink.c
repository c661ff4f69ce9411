/* sink - the ways out as rows. */

#include "fetcher/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* The first that is wanted; SMTP always is. */
static const struct sink_ops *const rows[] = {
	&sink_bsmtp_ops,
	&sink_mda_ops,
	&sink_smtp_ops,
};

struct sink *sink_new(const struct account *a, const char *hello)
{
	struct sink *s;
	size_t i = 0;

	while (!rows[i]->wanted(a))
		i++;
	s = xcalloc(1, rows[i]->size);
	s->ops = rows[i];
	s->a = a;
	s->hello = hello;
	if (s->ops->open != NULL)
		s->ops->open(s);
	return s;
}

void sink_free(struct sink *s)
{
	if (s == NULL)
		return;
	s->ops->close(s);
	free(s);
}

enum fate sink_begin(struct sink *s, const struct sink_mail *m)
{
	s->accepted = (struct sink_accepted){ "", 0, false };
	return s->ops->begin(s, m);
}

enum fate sink_text(struct sink *s, struct str piece)
{
	return s->ops->text(s, piece);
}

enum fate sink_end(struct sink *s)
{
	return s->ops->end(s);
}

bool sink_collect(struct sink *s, bool wait, size_t *ticket, enum fate *fate)
{
	return s->ops->collect != NULL &&
	    s->ops->collect(s, wait, ticket, fate);
}

void sink_abort(struct sink *s)
{
	s->ops->abort(s);
}

void sink_address(const struct account *a, const char *host, const char *name,
    char out[SINK_ADDRESS])
{
	const char *domain = opt_text(&a->o, OPT_SMTPADDRESS);
	const char *instead = opt_text(&a->o, OPT_SMTPNAME);

	if (strchr(name, '@') != NULL)
		snprintf(out, SINK_ADDRESS, "%s", name);
	else if (instead != NULL)
		snprintf(out, SINK_ADDRESS, "%s", instead);
	else
		snprintf(out, SINK_ADDRESS, "%s@%s", name,
		    domain != NULL ? domain : host);
}
