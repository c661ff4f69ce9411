/* An IMAP server's words, from the greeting to the goodbye. */

#include "tests/fuzz/drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	drive(&imap_ops, fuzz_input(data, size));
	return 0;
}
