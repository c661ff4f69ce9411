/*
 * list - items of a parameter: separated by blanks and commas, except within
 * braces.
 */
#ifndef COMMON_MAP_LIST_H
#define COMMON_MAP_LIST_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/str.h"

/* Cut the next item off *s, its braces included; false at the end. */
bool list_item(struct str *s, struct str *item) MUST_CHECK;

#endif
