/* rhs - the content of files as a value. */

#include "map/rhs.h"

#include <stddef.h>

#include "base/io.h"

#define PATH_LIMIT 4096

enum st rhs_read(struct str names, struct buf *out, struct err *e)
{
	struct str rest = names, name;
	size_t n = 0;

	buf_reset(out);
	while (str_word(&rest, ", \t\n\v\f\r", &name)) {
		AUTO_BUF path = BUF_MAX(PATH_LIMIT);

		if (n++ != 0)
			buf_addch(out, '\n');
		if (!buf_set(&path, name))
			return err_temp(e, "4.3.0", "open %.*s: name too long",
			    STR_ARG(name));
		if (io_read_file(buf_c(&path), out, e) != ST_OK)
			return ST_TEMP;
	}
	if (n == 0)
		return err_temp(e, "4.3.0", "empty pathname list: >>%.*s<<'",
		    STR_ARG(names));
	return ST_OK;
}
