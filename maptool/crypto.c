/* crypto - OpenSSL's libcrypto, loaded at need. */

#include "maptool/crypto.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>
#include <stdint.h>
#include <stdio.h>

#include "base/io.h"

#define LIBRARY         "libcrypto.so." QUOTED(OPENSSL_SHLIB_VERSION)
#define QUOTED(x)       QUOTED_AS_IS(x)
#define QUOTED_AS_IS(x) #x
#define CHUNK           65536

/* What is used of it, by the names in its headers. */
#define FUNCTIONS(FUNCTION)                  \
	FUNCTION(EVP_MD_CTX_new)             \
	FUNCTION(EVP_MD_CTX_free)            \
	FUNCTION(EVP_sha256)                 \
	FUNCTION(EVP_DigestInit_ex)          \
	FUNCTION(EVP_DigestUpdate)           \
	FUNCTION(EVP_DigestFinal_ex)         \
	FUNCTION(EVP_PKEY_CTX_new_from_name) \
	FUNCTION(EVP_PKEY_CTX_free)          \
	FUNCTION(OpenSSL_version)

struct library {
#define FUNCTION(name) __typeof__(&(name)) name;
	FUNCTIONS(FUNCTION)
#undef FUNCTION
};

/* Loaded once at most: the second time it is there already. */
static enum st load(struct library *l, struct err *e)
{
	void *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (lib == NULL)
		return err_temp(e, "", "cannot load OpenSSL: %s", dlerror());
#define FUNCTION(name)                                               \
	l->name = (__typeof__(l->name))(uintptr_t)dlsym(lib, #name); \
	if (l->name == NULL)                                         \
		return err_temp(e, "", "cannot load OpenSSL: %s", dlerror());
	FUNCTIONS(FUNCTION)
#undef FUNCTION
	dlclose(lib);
	return ST_OK;
}

static bool digest(const struct library *l, EVP_MD_CTX *ctx, int fd,
    unsigned char *sum, unsigned *n)
{
	unsigned char bytes[CHUNK];
	ssize_t got = -1;
	bool good = ctx != NULL &&
	    l->EVP_DigestInit_ex(ctx, l->EVP_sha256(), NULL) == 1;

	while (good && (got = io_read_full(fd, bytes, sizeof(bytes))) > 0)
		good = l->EVP_DigestUpdate(ctx, bytes, (size_t)got) == 1;
	return good && got == 0 && l->EVP_DigestFinal_ex(ctx, sum, n) == 1;
}

enum st crypto_sha256(int fd, char hex[CRYPTO_SHA256], struct err *e)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0, i;
	struct library l;
	EVP_MD_CTX *ctx;
	bool good;

	if (load(&l, e) != ST_OK)
		return ST_TEMP;
	ctx = l.EVP_MD_CTX_new();
	good = digest(&l, ctx, fd, sum, &n);
	l.EVP_MD_CTX_free(ctx);
	if (!good)
		return err_temp(e, "", "read error: %m");
	for (i = 0; i < n && 2 * i + 2 < CRYPTO_SHA256; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", sum[i]);
	return ST_OK;
}

const char *crypto_compile_version(void)
{
	return OPENSSL_VERSION_TEXT;
}

enum st crypto_run_version(const char **text, struct err *e)
{
	struct library l;

	if (load(&l, e) != ST_OK)
		return ST_TEMP;
	*text = l.OpenSSL_version(OPENSSL_VERSION);
	return ST_OK;
}

enum st crypto_knows_key(const char *name, bool *knows, struct err *e)
{
	struct library l;
	EVP_PKEY_CTX *ctx;

	if (load(&l, e) != ST_OK)
		return ST_TEMP;
	ctx = l.EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	*knows = ctx != NULL;
	l.EVP_PKEY_CTX_free(ctx);
	return ST_OK;
}
