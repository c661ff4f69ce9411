/*
 * master_request - "service/type/field" on postconf's command line, with '*'
 * for any: which part of master.cf an operand of -M, -F and -P means.
 */
#ifndef MAPTOOL_MASTER_REQUEST_H
#define MAPTOOL_MASTER_REQUEST_H

#include <stdbool.h>

#include "base/str.h"
#include "conf/master.h"

struct master_request {
	const char *text; /* the operand */
	struct str service, type;
	struct str item; /* a field, or a parameter; not for -M */
	bool seen;       /* something matched */
};

/* -M, -F or -P: how many parts, and how messages name them. */
struct master_mode {
	char letter;
	size_t parts;
	const char *show, *edit;
};

/* The row of an option letter, NULL for others. */
const struct master_mode *master_mode(char letter);

/* Cut name to parts for showing; what is missing is "*". Exits if it is bad. */
void master_request_show(struct master_request *r, const struct master_mode *m,
    const char *text);
/*
 * The same for editing, where every part must be there; name is the part of
 * text that names it. ST_TEMP: "-Fe or -FX requires ..." and the like.
 */
enum st master_request_edit(struct master_request *r,
    const struct master_mode *m, const char *text, struct str name,
    struct err *e) MUST_CHECK;

/* Does r mean this service? */
bool master_request_is(const struct master_request *r, struct str service,
    struct str type);
/* Does r mean this field or parameter? */
bool master_request_item(const struct master_request *r, struct str item);

/* The field of that name, MF_COUNT for none. */
enum master_field master_field_find(struct str name);

#endif
