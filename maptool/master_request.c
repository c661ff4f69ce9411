/* master_request - operands of postconf -M, -F and -P. */

#include "maptool/master_request.h"

#include "base/log.h"
#include "base/macros.h"

static const struct master_mode modes[] = {
	{ 'F', 3, "-F option requires service_name[/type[/field]]",
	    "-Fe or -FX requires service_name/type/field_name" },
	{ 'M', 2, "-M option requires service_name[/type]",
	    "-Me, -MX or -M# requires service_name/type" },
	{ 'P', 3, "-P option requires service_name[/type[/parameter]]",
	    "-Pe or -PX requires service_name/type/parameter" },
};

const struct master_mode *master_mode(char letter)
{
	size_t i;

	for (i = 0; i < NELEM(modes); i++)
		if (modes[i].letter == letter)
			return &modes[i];
	return NULL;
}

enum master_field master_field_find(struct str name)
{
	size_t f;

	for (f = 0; f < MF_COUNT; f++)
		if (str_eqc(name, master_field_name((enum master_field)f)))
			break;
	return (enum master_field)f;
}

/* Cut name at its slashes; how many parts there were, too many included. */
static size_t cut_parts(struct master_request *r, struct str name)
{
	struct str *part[] = { &r->service, &r->type, &r->item }, extra;
	size_t i;

	if (name.n != 0 && name.p[0] == '/')
		return 0;
	for (i = 0; i < NELEM(part); i++)
		if (!str_word(&name, "/", part[i]))
			return i;
	return str_word(&name, "/", &extra) ? i + 1 : i;
}

static bool is_all(struct str s)
{
	return str_eqc(s, "*");
}

static bool is_bad_field(const struct master_request *r,
    const struct master_mode *m)
{
	return m->letter == 'F' && !is_all(r->item) &&
	    master_field_find(r->item) == MF_COUNT;
}

void master_request_show(struct master_request *r, const struct master_mode *m,
    const char *text)
{
	size_t n;

	*r = (struct master_request){ .text = text };
	n = cut_parts(r, str_c(text));
	if (n == 0 || n > m->parts)
		log_fatal("%s", m->show);
	if (n < 2)
		r->type = STR("*");
	if (n < 3)
		r->item = STR("*");
	if (is_bad_field(r, m))
		log_fatal("invalid service attribute name: \"%.*s\"",
		    STR_ARG(r->item));
}

enum st master_request_edit(struct master_request *r,
    const struct master_mode *m, const char *text, struct str name,
    struct err *e)
{
	static const struct {
		char letter;
		const char *what;
	} wild[] = { { 'F', "field" }, { 'P', "parameter" } };
	size_t i;

	*r = (struct master_request){ .text = text };
	if (cut_parts(r, name) != m->parts)
		return err_temp(e, "", "%s", m->edit);
	for (i = 0; i < NELEM(wild); i++)
		if (wild[i].letter == m->letter && is_all(r->item))
			return err_temp(e, "",
			    "-%ce does not accept wild-card %s name", m->letter,
			    wild[i].what);
	if (is_bad_field(r, m))
		return err_temp(e, "",
		    "invalid service attribute name: \"%.*s\"",
		    STR_ARG(r->item));
	return ST_OK;
}

bool master_request_is(const struct master_request *r, struct str service,
    struct str type)
{
	return (is_all(r->service) || str_eq(r->service, service)) &&
	    (is_all(r->type) || str_eq(r->type, type));
}

bool master_request_item(const struct master_request *r, struct str item)
{
	return is_all(r->item) || str_eq(r->item, item);
}
