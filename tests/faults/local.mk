# tests/faults: power cuts, kills and failing calls; needs root.
FAULTS_TOOLS = %D%/killat %D%/short.so
EXTRA_PROGRAMS += %D%/killat
%C%_killat_CFLAGS = $(AM_CFLAGS)
%C%_killat_LDADD =
CLEANFILES += $(FAULTS_TOOLS)

EXTRA_DIST += \
	%D%/cuts.py \
	%D%/disk.py \
	%D%/kills.py \
	%D%/linkless.py \
	%D%/load.py \
	%D%/main.py \
	%D%/power_cut.py \
	%D%/run \
	%D%/short.c \
	%D%/stores.py \
	%D%/trouble.py \
	%D%/wrong.py

# Put in front of the C library: it writes in pieces.
%D%/short.so: %D%/short.c
	@$(MKDIR_P) %D%
	$(AM_V_CC)$(CC) $(WARN_CFLAGS) -std=gnu11 -O1 -fPIC -shared \
	    -o $@ $(srcdir)/%D%/short.c -ldl

# A word chooses: make check-faults CHECK_FAULTS='power kill'
CHECK_FAULTS =

check-faults: all $(FAULTS_TOOLS)
	@BUILD='$(abs_builddir)' $(srcdir)/%D%/run $(CHECK_FAULTS)

# A part of check-long.
check-faults-long: all $(FAULTS_TOOLS)
	@BUILD='$(abs_builddir)' LONG=1 $(srcdir)/%D%/run $(CHECK_FAULTS)

.PHONY: check-faults check-faults-long
