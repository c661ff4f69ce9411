# Benchmarks: apart from the tests, and side by side with the originals.
dist_noinst_SCRIPTS += %D%/tables.py

bench: maptool/maptool
	$(srcdir)/%D%/tables.py '$(abs_builddir)/maptool/maptool map'
.PHONY: bench
