# vdeliver: everything but main.c is also linked into the unit tests.
VDELIVER_SRC = \
	%D%/cleanup.c %D%/cleanup.h \
	%D%/session.c %D%/session.h \
	%D%/session_data.c \
	%D%/session_hello.c \
	%D%/session_mail.c \
	%D%/session_reply.c \
	%D%/session_state.h \
	%D%/smtp_data.c %D%/smtp_data.h \
	%D%/smtp_parse.c %D%/smtp_parse.h \
	%D%/spool.c %D%/spool.h

sbin_PROGRAMS += %D%/vdeliver
%C%_vdeliver_SOURCES = %D%/main.c $(VDELIVER_SRC)
%C%_vdeliver_LDADD = common/libcommon.a $(ALL_LIBS)
