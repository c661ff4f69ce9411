# Unit tests: test_x.c mirrors x.c; one program each, under ASan and UBSan.
check_LIBRARIES += %D%/libunit.a
%C%_libunit_a_SOURCES = $(COMMON_SRC) $(FETCHER_SRC) $(VDELIVER_SRC) \
	$(MAPTOOL_SRC)
%C%_libunit_a_CFLAGS = -std=gnu11 -pthread $(WARN_CFLAGS) $(LIB_CFLAGS) \
	-g -O1 $(UNIT_SAN_FLAGS)

UNIT_CFLAGS = -std=gnu11 -pthread $(WARN_CFLAGS) $(LIB_CFLAGS) \
	$(CMOCKA_CFLAGS) -g -O1 $(UNIT_SAN_FLAGS)
UNIT_LDADD = %D%/libunit.a $(CMOCKA_LIBS) $(ALL_LIBS)

# fsync fails when the test wants it to.
%C%_test_commit_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fsync
# File systems that cannot, or do and say no.
%C%_test_maildir_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=renameat2 \
	-Wl,--wrap=linkat -Wl,--wrap=openat
# Quotas are what the test says.
%C%_test_room_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=quotactl -Wl,--wrap=syscall
# The same, and write and ftruncate.
%C%_test_mbox_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fsync -Wl,--wrap=write \
	-Wl,--wrap=ftruncate

# Notices are looked at instead of sent.
%C%_test_refuse_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=bounce_send

# A test: its name here, and a line below with its flags; LDADD and LDFLAGS
# are the default of every check program.
UNIT_TESTS = \
	%D%/test_account \
	%D%/test_addr_find \
	%D%/test_address \
	%D%/test_address_field \
	%D%/test_alias \
	%D%/test_aside \
	%D%/test_asking \
	%D%/test_base \
	%D%/test_bdat \
	%D%/test_bounce \
	%D%/test_boxes \
	%D%/test_bulk \
	%D%/test_carry \
	%D%/test_chan \
	%D%/test_check \
	%D%/test_cleanup \
	%D%/test_cli \
	%D%/test_commit \
	%D%/test_conf \
	%D%/test_conn \
	%D%/test_db_common \
	%D%/test_db_files \
	%D%/test_disk \
	%D%/test_dot \
	%D%/test_dump \
	%D%/test_expand \
	%D%/test_fetch_header \
	%D%/test_guard \
	%D%/test_header \
	%D%/test_headway \
	%D%/test_identity \
	%D%/test_imap \
	%D%/test_instance \
	%D%/test_journal \
	%D%/test_kept \
	%D%/test_lines \
	%D%/test_listen_master \
	%D%/test_logger \
	%D%/test_maildir \
	%D%/test_map \
	%D%/test_map_net \
	%D%/test_master_cf \
	%D%/test_master_edit \
	%D%/test_mbox \
	%D%/test_mime \
	%D%/test_mime_decode \
	%D%/test_native \
	%D%/test_netrc \
	%D%/test_pages \
	%D%/test_pattern \
	%D%/test_plugin \
	%D%/test_pop3 \
	%D%/test_pop3_box \
	%D%/test_pop3_end \
	%D%/test_postconf \
	%D%/test_progress \
	%D%/test_rc_lex \
	%D%/test_rc_parse \
	%D%/test_redirect \
	%D%/test_refuse \
	%D%/test_relay \
	%D%/test_report \
	%D%/test_resolve \
	%D%/test_room \
	%D%/test_route \
	%D%/test_sandbox \
	%D%/test_sasl \
	%D%/test_session \
	%D%/test_session_deep \
	%D%/test_session_limits \
	%D%/test_session_matrix \
	%D%/test_session_tls \
	%D%/test_show \
	%D%/test_sink \
	%D%/test_smtp_client \
	%D%/test_smtp_parse \
	%D%/test_smtphost \
	%D%/test_source \
	%D%/test_spawn \
	%D%/test_spool \
	%D%/test_text \
	%D%/test_throttle \
	%D%/test_tidings \
	%D%/test_tls \
	%D%/test_tls_pipe \
	%D%/test_uidl \
	%D%/test_ways \
	%D%/test_xclient
if HAVE_SQLITE
UNIT_TESTS += %D%/test_map_sqlite
endif
check_PROGRAMS += $(UNIT_TESTS)
EXTRA_DIST += %D%/capture.h %D%/modules.h %D%/script.h %D%/session_settings.h \
	%D%/talk.h %D%/unit.h %D%/run

LDADD = $(UNIT_LDADD)
%C%_test_account_CFLAGS = $(UNIT_CFLAGS)
%C%_test_addr_find_CFLAGS = $(UNIT_CFLAGS)
%C%_test_address_CFLAGS = $(UNIT_CFLAGS)
%C%_test_address_field_CFLAGS = $(UNIT_CFLAGS)
%C%_test_alias_CFLAGS = $(UNIT_CFLAGS)
%C%_test_aside_CFLAGS = $(UNIT_CFLAGS)
%C%_test_asking_CFLAGS = $(UNIT_CFLAGS)
%C%_test_base_CFLAGS = $(UNIT_CFLAGS)
%C%_test_bdat_CFLAGS = $(UNIT_CFLAGS)
%C%_test_bounce_CFLAGS = $(UNIT_CFLAGS)
%C%_test_boxes_CFLAGS = $(UNIT_CFLAGS)
%C%_test_bulk_CFLAGS = $(UNIT_CFLAGS)
%C%_test_carry_CFLAGS = $(UNIT_CFLAGS)
%C%_test_chan_CFLAGS = $(UNIT_CFLAGS)
%C%_test_check_CFLAGS = $(UNIT_CFLAGS)
%C%_test_cleanup_CFLAGS = $(UNIT_CFLAGS)
%C%_test_cli_CFLAGS = $(UNIT_CFLAGS)
%C%_test_commit_CFLAGS = $(UNIT_CFLAGS)
%C%_test_conf_CFLAGS = $(UNIT_CFLAGS)
%C%_test_conn_CFLAGS = $(UNIT_CFLAGS)
%C%_test_db_common_CFLAGS = $(UNIT_CFLAGS)
%C%_test_db_files_CFLAGS = $(UNIT_CFLAGS)
%C%_test_disk_CFLAGS = $(UNIT_CFLAGS)
%C%_test_dot_CFLAGS = $(UNIT_CFLAGS)
%C%_test_dump_CFLAGS = $(UNIT_CFLAGS)
%C%_test_expand_CFLAGS = $(UNIT_CFLAGS)
%C%_test_fetch_header_CFLAGS = $(UNIT_CFLAGS)
%C%_test_guard_CFLAGS = $(UNIT_CFLAGS)
%C%_test_header_CFLAGS = $(UNIT_CFLAGS)
%C%_test_headway_CFLAGS = $(UNIT_CFLAGS)
%C%_test_identity_CFLAGS = $(UNIT_CFLAGS)
%C%_test_imap_CFLAGS = $(UNIT_CFLAGS)
%C%_test_instance_CFLAGS = $(UNIT_CFLAGS)
%C%_test_journal_CFLAGS = $(UNIT_CFLAGS)
%C%_test_kept_CFLAGS = $(UNIT_CFLAGS)
%C%_test_lines_CFLAGS = $(UNIT_CFLAGS)
%C%_test_listen_master_CFLAGS = $(UNIT_CFLAGS)
%C%_test_logger_CFLAGS = $(UNIT_CFLAGS)
%C%_test_maildir_CFLAGS = $(UNIT_CFLAGS)
%C%_test_map_CFLAGS = $(UNIT_CFLAGS)
%C%_test_map_net_CFLAGS = $(UNIT_CFLAGS)
%C%_test_master_cf_CFLAGS = $(UNIT_CFLAGS)
%C%_test_master_edit_CFLAGS = $(UNIT_CFLAGS)
%C%_test_mbox_CFLAGS = $(UNIT_CFLAGS)
%C%_test_mime_CFLAGS = $(UNIT_CFLAGS)
%C%_test_mime_decode_CFLAGS = $(UNIT_CFLAGS)
%C%_test_native_CFLAGS = $(UNIT_CFLAGS)
%C%_test_map_sqlite_CFLAGS = $(UNIT_CFLAGS) $(SQLITE_CFLAGS)
%C%_test_map_sqlite_LDADD = $(UNIT_LDADD) $(SQLITE_LIBS)
%C%_test_netrc_CFLAGS = $(UNIT_CFLAGS)
%C%_test_pages_CFLAGS = $(UNIT_CFLAGS)
%C%_test_pattern_CFLAGS = $(UNIT_CFLAGS)
%C%_test_plugin_CFLAGS = $(UNIT_CFLAGS)
%C%_test_pop3_CFLAGS = $(UNIT_CFLAGS)
%C%_test_pop3_box_CFLAGS = $(UNIT_CFLAGS)
%C%_test_pop3_end_CFLAGS = $(UNIT_CFLAGS)
%C%_test_postconf_CFLAGS = $(UNIT_CFLAGS)
%C%_test_progress_CFLAGS = $(UNIT_CFLAGS)
%C%_test_rc_lex_CFLAGS = $(UNIT_CFLAGS)
%C%_test_rc_parse_CFLAGS = $(UNIT_CFLAGS)
%C%_test_redirect_CFLAGS = $(UNIT_CFLAGS)
%C%_test_relay_CFLAGS = $(UNIT_CFLAGS)
%C%_test_refuse_CFLAGS = $(UNIT_CFLAGS)
%C%_test_report_CFLAGS = $(UNIT_CFLAGS)
%C%_test_resolve_CFLAGS = $(UNIT_CFLAGS)
%C%_test_room_CFLAGS = $(UNIT_CFLAGS)
%C%_test_route_CFLAGS = $(UNIT_CFLAGS)
%C%_test_sandbox_CFLAGS = $(UNIT_CFLAGS)
%C%_test_sasl_CFLAGS = $(UNIT_CFLAGS)
%C%_test_session_CFLAGS = $(UNIT_CFLAGS)
%C%_test_session_deep_CFLAGS = $(UNIT_CFLAGS)
%C%_test_session_limits_CFLAGS = $(UNIT_CFLAGS)
%C%_test_session_matrix_CFLAGS = $(UNIT_CFLAGS)
%C%_test_session_tls_CFLAGS = $(UNIT_CFLAGS)
%C%_test_show_CFLAGS = $(UNIT_CFLAGS)
%C%_test_sink_CFLAGS = $(UNIT_CFLAGS)
%C%_test_smtp_client_CFLAGS = $(UNIT_CFLAGS)
%C%_test_smtp_parse_CFLAGS = $(UNIT_CFLAGS)
%C%_test_smtphost_CFLAGS = $(UNIT_CFLAGS)
%C%_test_source_CFLAGS = $(UNIT_CFLAGS)
%C%_test_spawn_CFLAGS = $(UNIT_CFLAGS)
%C%_test_spool_CFLAGS = $(UNIT_CFLAGS)
%C%_test_text_CFLAGS = $(UNIT_CFLAGS)
%C%_test_throttle_CFLAGS = $(UNIT_CFLAGS)
%C%_test_tidings_CFLAGS = $(UNIT_CFLAGS)
%C%_test_tls_CFLAGS = $(UNIT_CFLAGS)
%C%_test_tls_pipe_CFLAGS = $(UNIT_CFLAGS)
%C%_test_uidl_CFLAGS = $(UNIT_CFLAGS)
%C%_test_ways_CFLAGS = $(UNIT_CFLAGS)
%C%_test_xclient_CFLAGS = $(UNIT_CFLAGS)

# Golden tests and fuzz corpora add their runners to CHECK_RUN.
CHECK_RUN =
check-local: $(check_PROGRAMS)
	@srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' \
	$(srcdir)/%D%/run $(UNIT_TESTS) $(CHECK_RUN)
