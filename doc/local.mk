# doc
EXTRA_DIST += %D%/DESIGN.md %D%/SECURITY.md %D%/COMPAT.md %D%/DURABILITY.md %D%/SPEED.md
dist_man_MANS += %D%/fetcher.1 %D%/fetcherrc.5 %D%/maptool.1 \
	%D%/vdeliver-cdb.5 %D%/vdeliver-cidr.5 %D%/vdeliver-database.5 \
	%D%/vdeliver-debug.5 %D%/vdeliver-hash.5 %D%/vdeliver-inline.5 \
	%D%/vdeliver-ldap.5 %D%/vdeliver-lmdb.5 %D%/vdeliver-memcache.5 \
	%D%/vdeliver-mysql.5 %D%/vdeliver-pcre.5 %D%/vdeliver-pgsql.5 \
	%D%/vdeliver-regexp.5 %D%/vdeliver-socketmap.5 %D%/vdeliver-sqlite.5 \
	%D%/vdeliver-tables.5 %D%/vdeliver-tcp.5 %D%/vdeliver-texthash.5 \
	%D%/vdeliver-unionmap.5 %D%/vdeliver-unix.5 %D%/vdeliver.5 \
	%D%/vdeliver.8

# The originals' names, only on request: their packages have such pages too.
COMPAT_PAGES = %D%/newaliases.1 %D%/postalias.1 %D%/postconf.1 %D%/postmap.1
if COMPAT_NAMES
dist_man_MANS += $(COMPAT_PAGES)
else
EXTRA_DIST += $(COMPAT_PAGES)
endif

# The same pages under the names that are always there.
WORD_PAGES = %D%/maptool-alias.1 %D%/maptool-conf.1 %D%/maptool-map.1 \
	%D%/maptool-newaliases.1
man_MANS = $(WORD_PAGES)
CLEANFILES += $(WORD_PAGES)

%D%/maptool-alias.1: %D%/postalias.1
%D%/maptool-conf.1: %D%/postconf.1
%D%/maptool-map.1: %D%/postmap.1
%D%/maptool-newaliases.1: %D%/newaliases.1
$(WORD_PAGES):
	$(AM_V_GEN)$(MKDIR_P) $(@D) && rm -f $@ && cp $< $@

include doc/examples/local.mk
