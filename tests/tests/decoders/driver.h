// What the driver and the modules share.

#include <stddef.h>
#include <stdint.h>

unsigned char *read_hex(const char *text, size_t *length);
void print_hex(const unsigned char *bytes, size_t length);
