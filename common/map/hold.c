/* hold - signals wait. */

#include "map/hold.h"

#include <pthread.h>
#include <stddef.h>

static const int held[] = { SIGHUP, SIGINT, SIGTERM };

void hold_begin(struct hold *h)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < NELEM(held); i++)
		sigaddset(&set, held[i]);
	h->on = pthread_sigmask(SIG_BLOCK, &set, &h->old) == 0;
}

bool hold_pending(void)
{
	struct sigaction act;
	sigset_t set;
	size_t i;

	if (sigpending(&set) != 0)
		return false;
	/* What is ignored is pending, too, while it is blocked. */
	for (i = 0; i < NELEM(held); i++)
		if (sigismember(&set, held[i]) == 1 &&
		    sigaction(held[i], NULL, &act) == 0 &&
		    act.sa_handler != SIG_IGN)
			return true;
	return false;
}

void hold_end(struct hold *h)
{
	if (h->on)
		pthread_sigmask(SIG_SETMASK, &h->old, NULL);
	h->on = false;
}
