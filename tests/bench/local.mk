# Benchmarks: apart from the tests, and side by side with the originals.
dist_noinst_SCRIPTS += %D%/delivery.py %D%/fetch.py %D%/tables.py

EXTRA_DIST += %D%/boxes.h

BENCH_TOOLS = %D%/limit %D%/load %D%/sink
EXTRA_PROGRAMS += $(BENCH_TOOLS)
%C%_limit_CFLAGS = -std=gnu11 -O2 -pthread
%C%_limit_LDADD =
%C%_load_CFLAGS = -std=gnu11 -O2
%C%_load_LDADD =
%C%_sink_CFLAGS = -std=gnu11 -O2 -pthread
%C%_sink_LDADD =
CLEANFILES += $(BENCH_TOOLS)

bench: maptool/maptool
	$(srcdir)/%D%/tables.py '$(abs_builddir)/maptool/maptool map'

# Servers of its own, on free ports; as root.
bench-fetch: fetcher/fetcher vdeliver/vdeliver
	$(srcdir)/%D%/fetch.py '$(abs_builddir)/fetcher/fetcher' '$(abs_builddir)/vdeliver/vdeliver'

# As root; make bench-delivery BENCH='--quick --alone'
BENCH = --fs ext4,xfs,btrfs,ext4-bare,tmpfs
bench-delivery: all $(BENCH_TOOLS)
	$(srcdir)/%D%/delivery.py '$(abs_builddir)' $(BENCH)

.PHONY: bench bench-delivery bench-fetch
