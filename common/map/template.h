/*
 * template - text with $name, ${name} and $(name) in it, cut into its parts:
 * the results of pattern tables.
 */
#ifndef COMMON_MAP_TEMPLATE_H
#define COMMON_MAP_TEMPLATE_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/str.h"

enum template_part {
	TEMPLATE_END,
	TEMPLATE_TEXT, /* as it stands; "$$" is one "$" */
	TEMPLATE_NAME, /* what stands behind the "$", without braces */
	TEMPLATE_BAD,  /* the warning was logged */
};

/*
 * Cut the next part off *s. whole is for warnings: "empty macro name:
 * "WHOLE"", "truncated macro reference: "WHOLE"".
 */
enum template_part template_next(struct str *s, struct str whole,
    struct str *part) MUST_CHECK;

#endif
