# tests/system: pytest with real peers, in namespaces of its own.
EXTRA_DIST += \
	%D%/conftest.py \
	%D%/lib/__init__.py \
	%D%/lib/certs.py \
	%D%/lib/client.py \
	%D%/lib/daemon.py \
	%D%/lib/databases.py \
	%D%/lib/dovecot.py \
	%D%/lib/fetchmail.py \
	%D%/lib/imap.py \
	%D%/lib/lines.py \
	%D%/lib/lmtp_proxy.py \
	%D%/lib/mail.py \
	%D%/lib/maildir.py \
	%D%/lib/pop3.py \
	%D%/lib/postfix.py \
	%D%/lib/smtp.py \
	%D%/lib/syslog.py \
	%D%/lib/waiting.py \
	%D%/pytest.ini \
	%D%/run \
	%D%/test_01_scenario.py \
	%D%/test_02_lines.py \
	%D%/test_03_rc_file.py \
	%D%/test_04_refusals.py \
	%D%/test_05_trouble.py \
	%D%/test_06_changed_table.py \
	%D%/test_07_table_files.py \
	%D%/test_08_postconf.py \
	%D%/test_09_tls.py \
	%D%/test_10_lmtp.py \
	%D%/test_11_kills.py \
	%D%/test_12_batches.py \
	%D%/test_13_ipv6.py \
	%D%/test_14_first_errors.py \
	%D%/test_15_examples.py \
	%D%/test_15_owners.py \
	%D%/test_16_databases.py \
	%D%/test_16_native.py \
	%D%/test_16_table_options.py \
	%D%/test_17_mbox.py \
	%D%/test_18_server_tls.py \
	%D%/test_19_chunks.py \
	%D%/test_20_clients.py \
	%D%/test_21_commands.py \
	%D%/test_21_relay.py \
	%D%/test_21_settings.py \
	%D%/test_22_commands.py \
	%D%/test_22_imap.py \
	%D%/test_22_room.py \
	%D%/test_23_beside_postfix.py \
	%D%/test_23_confine.py \
	%D%/test_23_fetching.py \
	%D%/test_23_text.py \
	%D%/test_24_tidings.py \
	%D%/test_25_smtphost.py \
	%D%/test_26_secrets.py \
	%D%/test_26_stress.py \
	%D%/test_27_mechanisms.py \
	%D%/test_27_sasl.py \
	%D%/test_27_side_by_side.py \
	%D%/test_28_wakeup.py \
	%D%/test_28_wishes.py \
	%D%/test_29_bad_listeners.py \
	%D%/test_30_clients.py \
	%D%/test_30_enemies.py \
	%D%/test_30_window.py \
	%D%/test_31_parallel.py \
	%D%/test_32_idle.py \
	tests/peers/enter \
	tests/peers/fetch-peers

# Options for pytest: make check-system CHECK_SYSTEM_FLAGS='-k test_04 -x'
CHECK_SYSTEM_FLAGS =

check-system: all
	@BUILD='$(abs_builddir)' $(srcdir)/%D%/run $(CHECK_SYSTEM_FLAGS)

check-long: all check-faults-long
	@BUILD='$(abs_builddir)' LONG=1 $(srcdir)/%D%/run -m long

.PHONY: check-system check-long
