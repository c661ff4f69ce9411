# doc
include doc/examples/local.mk
