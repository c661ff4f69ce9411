# Golden tests: our programs against what the originals printed.
CHECK_RUN += $(srcdir)/%D%/run
EXTRA_DIST += %D%/run %D%/postalias %D%/postconf %D%/postmap
