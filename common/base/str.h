/*
 * str - borrowed bytes: a pointer and a length, never owned, never NUL-ended.
 *
 * A struct str lives as long as what it points into. It may hold any bytes.
 * The empty str may have p == NULL. Case folding here is ASCII only (utf8.h
 * has the other one).
 */
#ifndef COMMON_BASE_STR_H
#define COMMON_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })
/* For printf's "%.*s". */
#define STR_ARG(s) ((int)(s).n), ((s).n ? (s).p : "")

/* The bytes of a C string, without its NUL; NULL gives the empty str. */
struct str str_c(const char *s);

bool str_eq(struct str a, struct str b);
bool str_eqc(struct str a, const char *b);
/* The same without regard to ASCII case. */
bool str_ieq(struct str a, struct str b);
bool str_ieqc(struct str a, const char *b);
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* <0, 0, >0 as memcmp; the shorter one is less when one starts the other. */
int str_cmp(struct str a, struct str b);

/* First (last) place of c in s, -1 when there is none. */
ptrdiff_t str_find(struct str s, char c);
ptrdiff_t str_rfind(struct str s, char c);
/* First place of sub in s, -1 when there is none. */
ptrdiff_t str_search(struct str s, struct str sub);

/* s without its first n bytes, and the first n bytes of s; n may exceed s. */
struct str str_skip(struct str s, size_t n);
struct str str_head(struct str s, size_t n);

/* Without blanks (isspace in the C locale) at both ends, or at one. */
struct str str_trim(struct str s);
struct str str_trim_left(struct str s);
struct str str_trim_right(struct str s);

/*
 * Cut the first word off *s: bytes up to one that is in seps. Leading seps are
 * skipped. False, and *word empty, when only seps were left.
 */
bool str_word(struct str *s, const char *seps, struct str *word);
/*
 * Cut *s at the first c: *head is before it, *s becomes what follows it. When
 * there is no c, *head is all of it, *s becomes empty, and false is returned.
 */
bool str_cut(struct str *s, char c, struct str *head);

/* True for ASCII white space: blank \t \n \v \f \r. */
bool str_isspace(char c);
char str_lower(char c);

#endif
