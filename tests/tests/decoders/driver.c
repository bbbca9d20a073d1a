// Decodes and encodes what its input says, each line with the module that it names.

#define _POSIX_C_SOURCE 200809L
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules.h" // the table of all modules

static int digit(char character)
{
    return character <= '9' ? character - '0' : character - 'a' + 10;
}

unsigned char *read_hex(const char *text, size_t *length)
{
    *length = *text == '-' ? 0 : strlen(text) / 2;
    unsigned char *bytes = malloc(*length ? *length : 1);
    for (size_t at = 0; at < *length; at++)
        bytes[at] = (unsigned char)(digit(text[2 * at]) * 16 + digit(text[2 * at + 1]));
    return bytes;
}

void print_hex(const unsigned char *bytes, size_t length)
{
    if (length == 0)
        printf("-");
    for (size_t at = 0; at < length; at++)
        printf("%02x", bytes[at]);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        size_t count = 0;
        char **words = calloc(strlen(line) + 2, sizeof *words);
        for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
            words[count++] = word;
        MODULES[atoi(words[1])](words[0], words + 2);
        free(words);
    }
    free(line);
    return 0;
}
