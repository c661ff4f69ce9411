# maptool: everything but main.c is also linked into the unit tests.
MAPTOOL_SRC = \
	%D%/alias.c %D%/alias.h \
	%D%/ask.c \
	%D%/input.c %D%/input.h \
	%D%/json.c %D%/json.h \
	%D%/make.c \
	%D%/master_cf.c %D%/master_cf.h \
	%D%/master_edit.c %D%/master_edit.h \
	%D%/master_print.c \
	%D%/master_request.c %D%/master_request.h \
	%D%/master_show.c %D%/master_show.h \
	%D%/mime.c %D%/mime.h \
	%D%/postalias.c \
	%D%/postconf.c %D%/postconf.h \
	%D%/postconf_dbms.c %D%/postconf_dbms.h \
	%D%/postconf_edit.c %D%/postconf_edit.h \
	%D%/postconf_facts.c %D%/postconf_facts.h \
	%D%/postconf_file.c %D%/postconf_file.h \
	%D%/postconf_names.c %D%/postconf_names.h \
	%D%/postconf_show.c %D%/postconf_show.h \
	%D%/postmap.c %D%/postmap.h \
	%D%/shield.c %D%/shield.h \
	%D%/tables.c %D%/tables.h

bin_PROGRAMS += %D%/maptool
%C%_maptool_SOURCES = %D%/main.c $(MAPTOOL_SRC)
%C%_maptool_LDADD = common/libcommon.a $(ALL_LIBS)
