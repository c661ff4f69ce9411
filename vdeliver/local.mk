# vdeliver: everything but main.c is also linked into the unit tests.
VDELIVER_SRC = \
	%D%/access.c %D%/access.h \
	%D%/answers.c %D%/answers.h \
	%D%/asking.c %D%/asking.h \
	%D%/boxes.c %D%/boxes.h \
	%D%/chan.c %D%/chan.h \
	%D%/check.c %D%/check.h \
	%D%/check_boxes.c \
	%D%/check_confine.c \
	%D%/check_dovecot.c \
	%D%/check_state.h \
	%D%/check_tables.c \
	%D%/children.c %D%/children.h \
	%D%/cleanup.c %D%/cleanup.h \
	%D%/client.c %D%/client.h \
	%D%/choice.c %D%/choice.h \
	%D%/commit.c %D%/commit.h \
	%D%/committer.c %D%/committer.h \
	%D%/confine.c %D%/confine.h \
	%D%/control.c %D%/control.h \
	%D%/delivering.c %D%/delivering.h \
	%D%/delivering_log.c \
	%D%/delivering_relay.c \
	%D%/delivering_state.h \
	%D%/disk.c %D%/disk.h \
	%D%/durable.c %D%/durable.h \
	%D%/explain.c %D%/explain.h \
	%D%/front.c %D%/front.h \
	%D%/front_tls.c %D%/front_tls.h \
	%D%/identity.c %D%/identity.h \
	%D%/job.h \
	%D%/keys.c %D%/keys.h \
	%D%/letter.c %D%/letter.h \
	%D%/listeners.c %D%/listeners.h \
	%D%/logger.c %D%/logger.h \
	%D%/lookup.c %D%/lookup.h \
	%D%/master_cf.c %D%/master_cf.h \
	%D%/monitor.c %D%/monitor.h \
	%D%/monitor_start.c \
	%D%/monitor_state.h \
	%D%/octets.c %D%/octets.h \
	%D%/permission.c %D%/permission.h \
	%D%/relay.c %D%/relay.h \
	%D%/relay_qp.c %D%/relay_qp.h \
	%D%/relay_reply.c %D%/relay_reply.h \
	%D%/relay_sasl.c %D%/relay_sasl.h \
	%D%/relay_settings.c %D%/relay_settings.h \
	%D%/relay_talk.c %D%/relay_talk.h \
	%D%/relay_text.c %D%/relay_text.h \
	%D%/relay_tls.c %D%/relay_tls.h \
	%D%/relayhost.c %D%/relayhost.h \
	%D%/relays.c %D%/relays.h \
	%D%/reply.c \
	%D%/resolve.c %D%/resolve.h \
	%D%/room.c %D%/room.h \
	%D%/room_ask.c %D%/room_ask.h \
	%D%/router.c %D%/router.h \
	%D%/router_clients.c \
	%D%/router_state.h \
	%D%/rules.c %D%/rules.h \
	%D%/session.c %D%/session.h \
	%D%/session_bdat.c \
	%D%/session_data.c \
	%D%/session_hello.c \
	%D%/session_mail.c \
	%D%/session_reply.c \
	%D%/session_state.h \
	%D%/session_tls.c \
	%D%/session_xclient.c \
	%D%/settings.c %D%/settings.h \
	%D%/settings_lists.c %D%/settings_lists.h \
	%D%/show.c %D%/show.h \
	%D%/smtp_data.c %D%/smtp_data.h \
	%D%/smtp_parse.c %D%/smtp_parse.h \
	%D%/spool.c %D%/spool.h \
	%D%/team.c %D%/team.h \
	%D%/throttle.c %D%/throttle.h \
	%D%/tryout.c %D%/tryout.h \
	%D%/wire.h \
	%D%/worker.c %D%/worker.h \
	%D%/workers.c %D%/workers.h \
	%D%/workers_ask.c \
	%D%/workers_state.h
sbin_PROGRAMS += %D%/vdeliver
%C%_vdeliver_SOURCES = %D%/main.c $(VDELIVER_SRC)
%C%_vdeliver_LDADD = common/libcommon.a $(ALL_LIBS)
