# What the three programs share.
COMMON_SRC = \
	%D%/base/arena.c %D%/base/arena.h \
	%D%/base/base64.c %D%/base/base64.h \
	%D%/base/big.c %D%/base/big.h \
	%D%/base/buf.c %D%/base/buf.h \
	%D%/base/clock.c %D%/base/clock.h \
	%D%/base/err.c %D%/base/err.h \
	%D%/base/hash.c %D%/base/hash.h \
	%D%/base/io.c %D%/base/io.h \
	%D%/base/list.h \
	%D%/base/log.c %D%/base/log.h \
	%D%/base/macros.h \
	%D%/base/num.c %D%/base/num.h \
	%D%/base/os.c %D%/base/os.h \
	%D%/base/spawn.c %D%/base/spawn.h \
	%D%/base/str.c %D%/base/str.h \
	%D%/base/utf8.c %D%/base/utf8.h \
	%D%/base/xalloc.c %D%/base/xalloc.h \
	%D%/conf/conf.c %D%/conf/conf.h \
	%D%/conf/expand.c %D%/conf/expand.h \
	%D%/conf/lines.c %D%/conf/lines.h \
	%D%/conf/machine.c %D%/conf/machine.h \
	%D%/conf/main_cf.c %D%/conf/main_cf.h \
	%D%/conf/master.c %D%/conf/master.h \
	%D%/conf/param.c \
	%D%/conf/params.def \
	%D%/mail/address.c %D%/mail/address.h \
	%D%/mail/address_field.c %D%/mail/address_field.h \
	%D%/mail/dot.c %D%/mail/dot.h \
	%D%/mail/header.c %D%/mail/header.h \
	%D%/mail/maildir.c %D%/mail/maildir.h \
	%D%/mail/maildirsize.c %D%/mail/maildirsize.h \
	%D%/mail/mbox.c %D%/mail/mbox.h \
	%D%/mail/mbox_lock.c %D%/mail/mbox_lock.h \
	%D%/mail/smtp_client.c %D%/mail/smtp_client.h \
	%D%/map/addr_find.c %D%/map/addr_find.h \
	%D%/map/aside.c %D%/map/aside.h \
	%D%/map/bdb_btree.c \
	%D%/map/bdb_file.c %D%/map/bdb_file.h \
	%D%/map/bdb_hash.c \
	%D%/map/bdb_layout.h \
	%D%/map/bdb_page.h \
	%D%/map/braces.c %D%/map/braces.h \
	%D%/map/build.c %D%/map/build.h \
	%D%/map/bulk.c %D%/map/bulk.h \
	%D%/map/cdb_pages.c \
	%D%/map/db_common.c %D%/map/db_common.h \
	%D%/map/db_conf.c %D%/map/db_conf.h \
	%D%/map/db_engine.h \
	%D%/map/db_hosts.c %D%/map/db_hosts.h \
	%D%/map/db_memcache.c \
	%D%/map/db_pages.c %D%/map/db_pages.h \
	%D%/map/db_pages_btree.c \
	%D%/map/db_pages_hash.c \
	%D%/map/edit_bdb.c %D%/map/edit_bdb.h \
	%D%/map/edit_lmdb.c %D%/map/edit_lmdb.h \
	%D%/map/file_id.c \
	%D%/map/hold.c %D%/map/hold.h \
	%D%/map/list.c %D%/map/list.h \
	%D%/map/lmdb_file.c %D%/map/lmdb_file.h \
	%D%/map/lock.c %D%/map/lock.h \
	%D%/map/map.c %D%/map/map.h \
	%D%/map/map_cdb.c \
	%D%/map/map_cidr.c \
	%D%/map/map_db.c \
	%D%/map/map_debug.c \
	%D%/map/map_environ.c \
	%D%/map/map_fail.c \
	%D%/map/map_hash.c \
	%D%/map/map_inline.c \
	%D%/map/map_lmdb.c \
	%D%/map/map_pcre.c \
	%D%/map/map_rand.c \
	%D%/map/map_regexp.c \
	%D%/map/map_socketmap.c \
	%D%/map/map_static.c \
	%D%/map/map_tcp.c \
	%D%/map/map_texthash.c \
	%D%/map/map_union.c \
	%D%/map/map_unix.c \
	%D%/map/maps.c %D%/map/maps.h \
	%D%/map/match_list.c %D%/map/match_list.h \
	%D%/map/members.c %D%/map/members.h \
	%D%/map/memory.c %D%/map/memory.h \
	%D%/map/missing.c \
	%D%/map/module.c %D%/map/module.h \
	%D%/map/nul.c %D%/map/nul.h \
	%D%/map/page_cache.c %D%/map/page_cache.h \
	%D%/map/pages.h \
	%D%/map/pattern.c %D%/map/pattern.h \
	%D%/map/peer.c %D%/map/peer.h \
	%D%/map/redirect.c %D%/map/redirect.h \
	%D%/map/rhs.c %D%/map/rhs.h \
	%D%/map/rules.c %D%/map/rules.h \
	%D%/map/source.c %D%/map/source.h \
	%D%/map/temp.c %D%/map/temp.h \
	%D%/map/template.c %D%/map/template.h \
	%D%/map/types.h \
	%D%/map/write_bdb.c \
	%D%/map/write_cdb.c \
	%D%/map/write_lmdb.c \
	%D%/map/writer.h \
	%D%/net/conn.c %D%/net/conn.h \
	%D%/net/conn_layer.h \
	%D%/net/conn_tls.c \
	%D%/net/listen.c %D%/net/listen.h \
	%D%/net/sasl.c %D%/net/sasl.h \
	%D%/net/sasl_mech.h \
	%D%/net/sasl_scram.c \
	%D%/net/sasl_token.c \
	%D%/net/tls.c %D%/net/tls.h \
	%D%/net/tls_pipe.c %D%/net/tls_pipe.h \
	%D%/net/tls_server.c %D%/net/tls_server.h \
	%D%/priv/drop.c %D%/priv/drop.h \
	%D%/priv/ipc.c %D%/priv/ipc.h \
	%D%/priv/notify.c %D%/priv/notify.h \
	%D%/priv/sandbox.c %D%/priv/sandbox.h
if HAVE_CDB
COMMON_SRC += %D%/map/map_cdb.c %D%/map/write_cdb.c
else
EXTRA_DIST += %D%/map/map_cdb.c %D%/map/write_cdb.c
endif

noinst_LIBRARIES += %D%/libcommon.a
%C%_libcommon_a_SOURCES = $(COMMON_SRC)

include %D%/map/modules/local.mk
