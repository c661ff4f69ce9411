# maptool: everything but main.c is also linked into the unit tests.
MAPTOOL_SRC = \
	%D%/postconf.c %D%/postconf.h \
	%D%/postmap.c %D%/postmap.h

bin_PROGRAMS += %D%/maptool
%C%_maptool_SOURCES = %D%/main.c $(MAPTOOL_SRC)
%C%_maptool_LDADD = common/libcommon.a $(ALL_LIBS)
