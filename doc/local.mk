# doc
EXTRA_DIST += %D%/DESIGN.md %D%/SECURITY.md
include doc/examples/local.mk
dist_man_MANS += %D%/maptool.1
