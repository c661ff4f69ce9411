# vdeliver: everything but main.c is also linked into the unit tests.
VDELIVER_SRC = \
	%D%/cleanup.c %D%/cleanup.h \
	%D%/session.h \
	%D%/smtp_data.c %D%/smtp_data.h \
	%D%/smtp_parse.c %D%/smtp_parse.h \
	%D%/spool.c %D%/spool.h

sbin_PROGRAMS += %D%/vdeliver
%C%_vdeliver_SOURCES = %D%/main.c $(VDELIVER_SRC)
%C%_vdeliver_LDADD = common/libcommon.a $(ALL_LIBS)
