# maptool: everything but main.c is also linked into the unit tests.
MAPTOOL_SRC = \
	%D%/alias.c %D%/alias.h \
	%D%/ask.c \
	%D%/cmd_build.c \
	%D%/cmd_check.c \
	%D%/cmd_convert.c \
	%D%/cmd_diff.c \
	%D%/cmd_dump.c \
	%D%/cmd_migrate.c \
	%D%/cmd_query.c \
	%D%/cmd_verify.c \
	%D%/crypto.c %D%/crypto.h \
	%D%/guard.c %D%/guard.h \
	%D%/input.c %D%/input.h \
	%D%/json.c %D%/json.h \
	%D%/make.c \
	%D%/master_edit.c %D%/master_edit.h \
	%D%/master_print.c %D%/master_print.h \
	%D%/master_request.c %D%/master_request.h \
	%D%/master_show.c %D%/master_show.h \
	%D%/migrate_text.c %D%/migrate_text.h \
	%D%/mime.c %D%/mime.h \
	%D%/native.c %D%/native.h \
	%D%/postalias.c \
	%D%/postconf.c %D%/postconf.h \
	%D%/postconf_dbms.c %D%/postconf_dbms.h \
	%D%/postconf_edit.c %D%/postconf_edit.h \
	%D%/postconf_facts.c %D%/postconf_facts.h \
	%D%/postconf_file.c %D%/postconf_file.h \
	%D%/postconf_names.c %D%/postconf_names.h \
	%D%/postconf_show.c %D%/postconf_show.h \
	%D%/postmap.c %D%/postmap.h \
	%D%/progress.c %D%/progress.h \
	%D%/refs.c %D%/refs.h \
	%D%/rows.c %D%/rows.h \
	%D%/rows_lmdb.c \
	%D%/rows_read.h \
	%D%/rows_source.c \
	%D%/stamp.c %D%/stamp.h \
	%D%/tables.c %D%/tables.h

bin_PROGRAMS += %D%/maptool
%C%_maptool_SOURCES = %D%/main.c $(MAPTOOL_SRC)
%C%_maptool_LDADD = common/libcommon.a $(ALL_LIBS)
