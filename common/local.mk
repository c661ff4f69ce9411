# What the three programs share.
COMMON_SRC = \
	%D%/base/arena.c %D%/base/arena.h \
	%D%/base/buf.c %D%/base/buf.h \
	%D%/base/clock.c %D%/base/clock.h \
	%D%/base/err.c %D%/base/err.h \
	%D%/base/hash.c %D%/base/hash.h \
	%D%/base/io.c %D%/base/io.h \
	%D%/base/list.h \
	%D%/base/log.c %D%/base/log.h \
	%D%/base/macros.h \
	%D%/base/num.c %D%/base/num.h \
	%D%/base/str.c %D%/base/str.h \
	%D%/base/xalloc.c %D%/base/xalloc.h \
	%D%/conf/conf.c %D%/conf/conf.h \
	%D%/conf/expand.c %D%/conf/expand.h \
	%D%/conf/lines.c %D%/conf/lines.h \
	%D%/conf/machine.c %D%/conf/machine.h \
	%D%/conf/main_cf.c %D%/conf/main_cf.h \
	%D%/conf/param.c %D%/conf/params.def

noinst_LIBRARIES += %D%/libcommon.a
%C%_libcommon_a_SOURCES = $(COMMON_SRC)
