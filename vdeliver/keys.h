/*
 * keys - the TLS contexts in force, and an eye on the files they come from.
 * Runs in: monitor.
 */
#ifndef VDELIVER_KEYS_H
#define VDELIVER_KEYS_H

#include <ev.h>

#include "base/macros.h"
#include "vdeliver/front_tls.h"
#include "vdeliver/settings.h"

struct keys;

/* changed is called when a file is not what it was, and has been so for a
 * moment: certificate and key are seldom replaced at the same time. */
struct keys *keys_new(struct ev_loop *loop, void (*changed)(void *arg),
    void *arg) MUST_CHECK;
/* Does vdeliver_listen ask for TLS from the first byte on? */
bool keys_wrapped(const struct settings *set);
/* Take over fresh (NULL: no TLS), free what was before, watch the files. */
void keys_take(struct keys *k, struct front_tls *fresh,
    const struct settings *set);
/* What is in force; NULL: no TLS. */
struct front_tls *keys_now(const struct keys *k);

#endif
