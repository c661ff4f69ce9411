# doc
EXTRA_DIST += %D%/DESIGN.md %D%/SECURITY.md %D%/COMPAT.md
dist_man_MANS += %D%/fetcher.1 %D%/fetcherrc.5 %D%/maptool.1 \
	%D%/vdeliver.5 %D%/vdeliver.8
include doc/examples/local.mk
