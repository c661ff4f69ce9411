/* sasl_scram - SCRAM by libgsasl: the password is proven, not sent, and the
 * server must prove that it knows it. */

#include "net/sasl_mech.h"

#include <gsasl.h>
#include <stdlib.h>

struct sasl_scram {
	Gsasl *lib;
	Gsasl_session *session;
	bool done; /* the server's proof was right */
};

static enum st fail(const struct sasl *s, int rc, struct err *e)
{
	return err_temp(e, "4.7.0", "%s: %s", sasl_name(s), gsasl_strerror(rc));
}

static enum st start(struct sasl *s, struct err *e)
{
	struct sasl_scram *x = calloc(1, sizeof(*x));
	int rc = x != NULL ? gsasl_init(&x->lib) : GSASL_MALLOC_ERROR;

	s->scram = x;
	if (rc == GSASL_OK)
		rc = gsasl_client_start(x->lib, sasl_name(s), &x->session);
	if (rc == GSASL_OK)
		rc = gsasl_property_set(x->session, GSASL_AUTHID, s->user);
	if (rc == GSASL_OK)
		rc =
		    gsasl_property_set(x->session, GSASL_PASSWORD, s->password);
	return rc == GSASL_OK ? ST_OK : fail(s, rc, e);
}

enum st sasl_scram(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	char *answer = NULL;
	size_t n = 0;
	int rc;

	if (s->scram == NULL && start(s, e) != ST_OK)
		return ST_TEMP;
	if (s->scram->done)
		return err_temp(e, "4.7.0", "%s: a challenge too many",
		    sasl_name(s));
	rc = gsasl_step(s->scram->session, challenge.n != 0 ? challenge.p : "",
	    challenge.n, &answer, &n);
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
		return fail(s, rc, e);
	s->scram->done = rc == GSASL_OK;
	buf_add(out, (struct str){ answer, n });
	gsasl_free(answer);
	return ST_OK;
}

enum st sasl_scram_end(struct sasl *s, struct err *e)
{
	if (s->scram != NULL && s->scram->done)
		return ST_OK;
	return err_temp(e, "4.7.0",
	    "%s: the server has not proven that it knows the password",
	    sasl_name(s));
}

void sasl_scram_clear(struct sasl *s)
{
	if (s->scram == NULL)
		return;
	if (s->scram->session != NULL)
		gsasl_finish(s->scram->session);
	if (s->scram->lib != NULL)
		gsasl_done(s->scram->lib);
	free(s->scram);
	s->scram = NULL;
}
