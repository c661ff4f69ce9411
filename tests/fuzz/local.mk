# Fuzz targets: make check replays their corpora under the sanitizers of the
# unit tests; make fuzz looks for more, with clang's libFuzzer.
check_LIBRARIES += %D%/libreplay.a
%C%_libreplay_a_SOURCES = %D%/replay.c
%C%_libreplay_a_CFLAGS = $(UNIT_CFLAGS)

FUZZ_LDADD = %D%/libreplay.a $(UNIT_LDADD)

# A target: its name here, two lines below and its folder in corpus/.
FUZZ_TARGETS = \
	%D%/fuzz_address \
	%D%/fuzz_alias \
	%D%/fuzz_bdb \
	%D%/fuzz_cdb \
	%D%/fuzz_conf \
	%D%/fuzz_dump \
	%D%/fuzz_expand \
	%D%/fuzz_fetch_header \
	%D%/fuzz_header \
	%D%/fuzz_imap \
	%D%/fuzz_lmdb \
	%D%/fuzz_map \
	%D%/fuzz_master \
	%D%/fuzz_mime \
	%D%/fuzz_netrc \
	%D%/fuzz_pop3 \
	%D%/fuzz_rc \
	%D%/fuzz_rules \
	%D%/fuzz_session \
	%D%/fuzz_smtp_parse \
	%D%/fuzz_smtp_reply \
	%D%/fuzz_source \
	%D%/fuzz_uidl
check_PROGRAMS += $(FUZZ_TARGETS)
CHECK_RUN += $(srcdir)/%D%/run
EXTRA_DIST += %D%/corpus %D%/fuzz %D%/drive.h %D%/fuzz.h %D%/run

%C%_fuzz_address_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_address_LDADD = $(FUZZ_LDADD)
%C%_fuzz_alias_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_alias_LDADD = $(FUZZ_LDADD)
%C%_fuzz_bdb_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_bdb_LDADD = $(FUZZ_LDADD)
%C%_fuzz_cdb_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_cdb_LDADD = $(FUZZ_LDADD)
%C%_fuzz_conf_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_conf_LDADD = $(FUZZ_LDADD)
%C%_fuzz_dump_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_dump_LDADD = $(FUZZ_LDADD)
%C%_fuzz_expand_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_expand_LDADD = $(FUZZ_LDADD)
%C%_fuzz_fetch_header_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_fetch_header_LDADD = $(FUZZ_LDADD)
%C%_fuzz_header_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_header_LDADD = $(FUZZ_LDADD)
%C%_fuzz_imap_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_imap_LDADD = $(FUZZ_LDADD)
%C%_fuzz_lmdb_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_lmdb_LDADD = $(FUZZ_LDADD)
%C%_fuzz_map_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_map_LDADD = $(FUZZ_LDADD)
%C%_fuzz_master_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_master_LDADD = $(FUZZ_LDADD)
%C%_fuzz_mime_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_mime_LDADD = $(FUZZ_LDADD)
%C%_fuzz_netrc_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_netrc_LDADD = $(FUZZ_LDADD)
%C%_fuzz_pop3_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_pop3_LDADD = $(FUZZ_LDADD)
%C%_fuzz_rc_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_rc_LDADD = $(FUZZ_LDADD)
%C%_fuzz_rules_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_rules_LDADD = $(FUZZ_LDADD)
%C%_fuzz_session_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_session_LDADD = $(FUZZ_LDADD)
%C%_fuzz_smtp_parse_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_smtp_parse_LDADD = $(FUZZ_LDADD)
%C%_fuzz_smtp_reply_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_smtp_reply_LDADD = $(FUZZ_LDADD)
%C%_fuzz_source_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_source_LDADD = $(FUZZ_LDADD)
%C%_fuzz_uidl_CFLAGS = $(UNIT_CFLAGS)
%C%_fuzz_uidl_LDADD = $(FUZZ_LDADD)

# The same code once more, by clang.
CLANG = clang
FUZZ_SAN_FLAGS = -g -O1 -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
EXTRA_LIBRARIES = %D%/libfuzz.a
%C%_libfuzz_a_SOURCES = $(COMMON_SRC) $(FETCHER_SRC) $(VDELIVER_SRC) \
	$(MAPTOOL_SRC)
%C%_libfuzz_a_CFLAGS = -std=gnu11 -pthread $(LIB_CFLAGS) $(FUZZ_SAN_FLAGS)
CLEANFILES += %D%/libfuzz.a

FUZZ_FLAGS = -include config.h -I$(top_srcdir)/common -I$(top_srcdir) \
	-std=gnu11 -pthread $(LIB_CFLAGS) $(FUZZ_SAN_FLAGS)

# FUZZ='bdb cdb' runs these alone.
FUZZ =
FUZZ_SECONDS = 60

fuzz: config.h
	@command -v $(CLANG) >/dev/null || { \
	    echo "make fuzz: $(CLANG) is missing: apt-get install clang"; exit 1; }
	@$(MAKE) CC='$(CLANG)' %D%/libfuzz.a
	@builddir='$(abs_builddir)' CC='$(CLANG)' FUZZ_FLAGS='$(FUZZ_FLAGS)' \
	FUZZ_LIBS='%D%/libfuzz.a $(ALL_LIBS)' FUZZ_SECONDS='$(FUZZ_SECONDS)' \
	$(srcdir)/%D%/fuzz $(FUZZ)

.PHONY: fuzz
