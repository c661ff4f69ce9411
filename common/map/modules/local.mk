# Table types that need a library of their own: shared objects, which module.c
# loads when a table is of such a type.
modulesdir = $(pkglibdir)
modules_PROGRAMS =
MODULE_CFLAGS = -std=gnu11 -pthread $(WARN_CFLAGS) $(MODULE_HARD_CFLAGS) \
	-fPIC -fvisibility=hidden
LINK_MODULE = -shared -pthread -Wl,-z,relro,-z,now,-z,defs,--as-needed

# What they need of base/, in each of them: no symbol crosses but map_module.
noinst_LIBRARIES += %D%/libmodule.a
%C%_libmodule_a_SOURCES = \
	common/base/arena.c \
	common/base/buf.c \
	common/base/clock.c \
	common/base/err.c \
	common/base/log.c \
	common/base/num.c \
	common/base/str.c \
	common/base/xalloc.c
%C%_libmodule_a_CFLAGS = $(MODULE_CFLAGS)

if HAVE_LDAP
modules_PROGRAMS += %D%/map_ldap.so
endif
%C%_map_ldap_so_SOURCES = %D%/ldap.c %D%/ldap.h %D%/ldap_bind.c
%C%_map_ldap_so_CFLAGS = $(MODULE_CFLAGS) $(LDAP_CFLAGS)
%C%_map_ldap_so_LDFLAGS = $(LINK_MODULE)
%C%_map_ldap_so_LDADD = %D%/libmodule.a $(LDAP_LIBS)

if HAVE_MYSQL
modules_PROGRAMS += %D%/map_mysql.so
endif
%C%_map_mysql_so_SOURCES = %D%/mysql.c
%C%_map_mysql_so_CFLAGS = $(MODULE_CFLAGS) $(MYSQL_CFLAGS)
%C%_map_mysql_so_LDFLAGS = $(LINK_MODULE)
%C%_map_mysql_so_LDADD = %D%/libmodule.a $(MYSQL_LIBS)

if HAVE_PGSQL
modules_PROGRAMS += %D%/map_pgsql.so
endif
%C%_map_pgsql_so_SOURCES = %D%/pgsql.c
%C%_map_pgsql_so_CFLAGS = $(MODULE_CFLAGS) $(PGSQL_CFLAGS)
%C%_map_pgsql_so_LDFLAGS = $(LINK_MODULE)
%C%_map_pgsql_so_LDADD = %D%/libmodule.a $(PGSQL_LIBS)

if HAVE_SQLITE
modules_PROGRAMS += %D%/map_sqlite.so
endif
%C%_map_sqlite_so_SOURCES = %D%/sqlite.c
%C%_map_sqlite_so_CFLAGS = $(MODULE_CFLAGS) $(SQLITE_CFLAGS)
%C%_map_sqlite_so_LDFLAGS = $(LINK_MODULE)
%C%_map_sqlite_so_LDADD = %D%/libmodule.a $(SQLITE_LIBS)
