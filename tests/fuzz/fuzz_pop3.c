/* A POP3 server's words, from the greeting to the goodbye. */

#include "tests/fuzz/drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	drive(&pop3_ops, fuzz_input(data, size));
	return 0;
}
