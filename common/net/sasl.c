/* sasl - the rows, CRAM-MD5, PLAIN, LOGIN. */

#include "net/sasl_mech.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/base64.h"

struct sasl_mech {
	const char *name;
	bool initial;   /* the client begins */
	bool asked_for; /* never chosen without being named */
	sasl_answer_fn *answer;
	/* The server says yes: may it? NULL: it may. */
	enum st (*end)(struct sasl *s, struct err *e);
};

static void add_hex(struct buf *out, const unsigned char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		buf_addf(out, "%02x", p[i]);
}

/* RFC 2195: user, blank, HMAC-MD5 of the challenge. */
static enum st cram_md5(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (s->step++ != 0)
		return err_temp(e, "4.7.0", "CRAM-MD5: a second challenge");
	if (HMAC(EVP_md5(), s->password, (int)strlen(s->password),
		(const unsigned char *)challenge.p, challenge.n, digest,
		&n) == NULL)
		return err_temp(e, "4.7.0", "MD5 is not to be had");
	buf_addf(out, "%s ", s->user);
	add_hex(out, digest, n);
	return ST_OK;
}

/* RFC 4616: NUL user NUL password. */
static enum st plain(struct sasl *s, struct str challenge UNUSED,
    struct buf *out, struct err *e UNUSED)
{
	buf_addch(out, '\0');
	buf_addc(out, s->user);
	buf_addch(out, '\0');
	buf_addc(out, s->password);
	return ST_OK;
}

/* draft-murchison-sasl-login: it asks for the one, then for the other. */
static enum st login(struct sasl *s, struct str challenge UNUSED,
    struct buf *out, struct err *e)
{
	if (s->step > 1)
		return err_temp(e, "4.7.0", "LOGIN: a third challenge");
	buf_addc(out, s->step++ == 0 ? s->user : s->password);
	return ST_OK;
}

/* RFC 4422 A: who we are is known already, by the certificate. */
static enum st external(struct sasl *s, struct str challenge UNUSED,
    struct buf *out, struct err *e)
{
	if (s->step++ != 0)
		return err_temp(e, "4.7.0", "EXTERNAL: a second challenge");
	buf_addc(out, s->user);
	return ST_OK;
}

/* Best first. */
static const struct sasl_mech mechs[] = {
	{ "SCRAM-SHA-256", true, true, sasl_scram, sasl_scram_end },
	{ "SCRAM-SHA-1", true, true, sasl_scram, sasl_scram_end },
	{ "CRAM-MD5", false, false, cram_md5, NULL },
	{ "PLAIN", true, false, plain, NULL },
	{ "LOGIN", false, false, login, NULL },
	{ "EXTERNAL", true, true, external, NULL },
	{ "OAUTHBEARER", true, true, sasl_oauthbearer, NULL },
	{ "XOAUTH2", true, true, sasl_xoauth2, NULL },
};

bool sasl_choose(struct sasl *s, struct str offered, const char *only)
{
	struct str rest, word;
	size_t i;

	s->step = 0;
	for (i = 0; i < NELEM(mechs); i++) {
		if (only != NULL ? strcmp(only, mechs[i].name) != 0
				 : mechs[i].asked_for)
			continue;
		rest = offered;
		while (str_word(&rest, " ", &word))
			if (str_ieqc(word, mechs[i].name)) {
				s->mech = &mechs[i];
				return true;
			}
	}
	return false;
}

const char *sasl_name(const struct sasl *s)
{
	return s->mech->name;
}

bool sasl_is_initial(const struct sasl *s)
{
	return s->mech->initial;
}

enum st sasl_answer(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	AUTO_BUF in = BUF_MAX(SASL_MAX);
	AUTO_BUF answer = BUF_MAX(SASL_MAX);
	enum st st;

	if (!base64_decode(&in, challenge))
		return err_temp(e, "4.7.0", "%s: the challenge is no base64",
		    s->mech->name);
	st = s->mech->answer(s, buf_str(&in), &answer, e);
	if (st == ST_OK && answer.full)
		st = err_temp(e, "4.7.0", "%s: the answer is too long",
		    s->mech->name);
	if (st == ST_OK)
		base64_encode(out, buf_str(&answer));
	if (answer.p != NULL)
		explicit_bzero(answer.p, answer.n);
	return st;
}

enum st sasl_end(struct sasl *s, struct err *e)
{
	return s->mech->end != NULL ? s->mech->end(s, e) : ST_OK;
}

void sasl_clear(struct sasl *s)
{
	sasl_scram_clear(s);
}

enum st sasl_md5(struct str a, struct str b, char hex[33], struct err *e)
{
	AUTO_BUF text = BUF_MAX(SASL_MAX);
	AUTO_BUF out = BUF_MAX(32);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	buf_add(&text, a);
	buf_add(&text, b);
	if (text.full ||
	    EVP_Digest(buf_c(&text), text.n, digest, &n, EVP_md5(), NULL) !=
		1 ||
	    n != 16)
		return err_temp(e, "4.7.0", "MD5 is not to be had");
	add_hex(&out, digest, n);
	memcpy(hex, buf_c(&out), 33);
	return ST_OK;
}
