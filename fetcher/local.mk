# fetcher: everything but main.c is also linked into the unit tests.
FETCHER_SRC = \
	%D%/netrc.c %D%/netrc.h

bin_PROGRAMS += %D%/fetcher
%C%_fetcher_SOURCES = %D%/main.c $(FETCHER_SRC)
%C%_fetcher_LDADD = common/libcommon.a $(ALL_LIBS)
