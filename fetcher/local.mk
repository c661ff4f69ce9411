# fetcher: everything but main.c is also linked into the unit tests.
FETCHER_SRC = \
	%D%/account.c %D%/account.h \
	%D%/ask.c %D%/ask.h \
	%D%/bounce.c %D%/bounce.h \
	%D%/carry.c %D%/carry.h \
	%D%/child.c %D%/child.h \
	%D%/cli.c %D%/cli.h \
	%D%/config.h \
	%D%/daemon.c %D%/daemon.h \
	%D%/dump.c %D%/dump.h \
	%D%/flight.c %D%/flight.h \
	%D%/gate.c %D%/gate.h \
	%D%/header.c %D%/header.h \
	%D%/headway.c %D%/headway.h \
	%D%/host.c %D%/host.h \
	%D%/iface.c %D%/iface.h \
	%D%/imap.c %D%/imap.h \
	%D%/imap_ahead.c \
	%D%/imap_box.c \
	%D%/imap_folders.c \
	%D%/imap_login.c \
	%D%/imap_name.c \
	%D%/imap_read.c %D%/imap_read.h \
	%D%/imap_text.c \
	%D%/imap_window.c \
	%D%/instance.c %D%/instance.h \
	%D%/journal.c %D%/journal.h \
	%D%/kept.c %D%/kept.h \
	%D%/message.c %D%/message.h \
	%D%/method.c %D%/method.h \
	%D%/mime.c %D%/mime.h \
	%D%/netrc.c %D%/netrc.h \
	%D%/options.c %D%/options.def %D%/options.h \
	%D%/password.c %D%/password.h \
	%D%/paths.c %D%/paths.h \
	%D%/pidfile.c %D%/pidfile.h \
	%D%/plan.c %D%/plan.h \
	%D%/plugin.c %D%/plugin.h \
	%D%/poll.c %D%/poll.h \
	%D%/pop3.c %D%/pop3.h \
	%D%/pop3_box.c \
	%D%/pop3_window.c \
	%D%/proto.c %D%/proto.h \
	%D%/rc_lex.c %D%/rc_lex.h \
	%D%/rc_parse.c %D%/rc_parse.h \
	%D%/refuse.c %D%/refuse.h \
	%D%/report.c %D%/report.h \
	%D%/round.c %D%/round.h \
	%D%/route.c %D%/route.h \
	%D%/secret.c %D%/secret.h \
	%D%/server.c %D%/server.h \
	%D%/settings.c %D%/settings.h \
	%D%/show.c %D%/show.h \
	%D%/sink.c %D%/sink.h \
	%D%/sink_bsmtp.c \
	%D%/sink_mda.c \
	%D%/sink_smtp.c \
	%D%/smtp_talk.c %D%/smtp_talk.h \
	%D%/smtphost.c %D%/smtphost.h \
	%D%/state.c %D%/state.h \
	%D%/status.c %D%/status.h \
	%D%/tidings.c %D%/tidings.h \
	%D%/tlsplan.c %D%/tlsplan.h \
	%D%/told.c %D%/told.h \
	%D%/uidl.c %D%/uidl.h \
	%D%/window.c %D%/window.h
bin_PROGRAMS += %D%/fetcher
%C%_fetcher_SOURCES = %D%/main.c $(FETCHER_SRC)
%C%_fetcher_LDADD = common/libcommon.a $(ALL_LIBS)
