# build-aux: lint, format.
EXTRA_DIST += .clang-tidy %D%/debian-packages %D%/lint %D%/spelling
CLEANFILES += lint.flags

# LINT='calls sizes' runs these alone.
LINT =

lint: config.h
	@printf '%s\n' $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) \
	    $(AM_CFLAGS) $(LDAP_CFLAGS) $(MYSQL_CFLAGS) $(PGSQL_CFLAGS) \
	    $(SQLITE_CFLAGS) >lint.flags
	@LINT_FLAGS='$(abs_builddir)/lint.flags' \
	LINT_BUILD='$(abs_builddir)' $(srcdir)/%D%/lint $(LINT)

format:
	cd $(srcdir) && find common fetcher vdeliver maptool tests -name '*.[ch]' \
	    -exec clang-format -i {} +

.PHONY: lint format
