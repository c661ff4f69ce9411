# Benchmarks: apart from the tests, and side by side with the originals.
dist_noinst_SCRIPTS += %D%/tables.py

bench: maptool/maptool
	$(srcdir)/%D%/tables.py '$(abs_builddir)/maptool/maptool map'
.PHONY: bench

dist_noinst_SCRIPTS += %D%/fetch.py

# Servers of its own, on free ports; as root.
bench-fetch: fetcher/fetcher vdeliver/vdeliver
	$(srcdir)/%D%/fetch.py '$(abs_builddir)/fetcher/fetcher' '$(abs_builddir)/vdeliver/vdeliver'
.PHONY: bench-fetch
