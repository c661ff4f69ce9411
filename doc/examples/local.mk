# doc/examples: files to start from, installed beside the documentation.
exampledir = $(docdir)/examples
dist_example_DATA = \
	%D%/fetcher.timer \
	%D%/fetchmailrc \
	%D%/main.cf \
	%D%/virtual \
	%D%/vmailbox
nodist_example_DATA = %D%/fetcher.service %D%/vdeliver.service
EXTRA_DIST += %D%/fetcher.service.in %D%/vdeliver.service.in
CLEANFILES += $(nodist_example_DATA)

%D%/fetcher.service: %D%/fetcher.service.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)sed 's|@bindir[@]|$(bindir)|' '$(srcdir)/%D%/fetcher.service.in' >$@

%D%/vdeliver.service: %D%/vdeliver.service.in Makefile
	@$(MKDIR_P) %D%
	$(AM_V_GEN)sed 's|@sbindir[@]|$(sbindir)|' '$(srcdir)/%D%/vdeliver.service.in' >$@
