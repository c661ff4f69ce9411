/*
 * unit - what every unit test includes: cmocka and what it needs before it.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

/* Compare a struct str with a C string and show both on failure. */
#define assert_str(s, want)                                                  \
	do {                                                                 \
		struct str got_ = (s);                                       \
		if (!str_eqc(got_, (want)))                                  \
			fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got_), \
			    (want));                                         \
	} while (0)

#endif
