# tests/demo: the scenario as a show; ./bootstrap demo runs it.
EXTRA_DIST += %D%/demo %D%/fetchmailrc %D%/settings %D%/show.py

demo: all
	@BUILD='$(abs_builddir)' $(srcdir)/%D%/demo

.PHONY: demo
