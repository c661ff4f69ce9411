# build-aux
