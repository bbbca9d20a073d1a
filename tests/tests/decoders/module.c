// One generated decoder, called NAME, for the driver.

#include "driver.h"

#include FILE_NAME

#ifdef HAS_TAIL
static int finish(struct frame_decoder *decoder)
{
    frame_decoder_finish(decoder);
    return 0;
}
#else
static int finish(struct frame_decoder *decoder)
{
    return frame_decoder_finish(decoder);
}
#endif

static int drain(struct frame_decoder *decoder)
{
    const unsigned char *message;
    size_t length;
    int found;
    while ((found = frame_decoder_next(decoder, &message, &length)) == 1) {
        printf("m:");
        print_hex(message, length);
        printf(" ");
    }
    return found;
}

static int decode(struct frame_decoder *decoder, char **chunks)
{
    for (; *chunks; chunks++) {
        // A copy of its own, so that reading behind it is noticed.
        size_t length;
        unsigned char *chunk = read_hex(*chunks, &length);
        int fed = frame_decoder_feed(decoder, chunk, length);
        free(chunk);
        if (fed < 0 || drain(decoder) < 0)
            return -1;
        printf("/ ");
    }
    return finish(decoder) < 0 || drain(decoder) < 0 ? -1 : 0;
}

void NAME(const char *task, char **words)
{
    if (*task == 'D') {
        struct frame_decoder decoder = {0};
        if (decode(&decoder, words) < 0)
            printf("error %s %" PRIu64 " %s\n", decoder.error.kind, decoder.error.offset,
                   decoder.error.text);
        else
            printf("ok\n");
        frame_decoder_free(&decoder);
        return;
    }
    size_t length, size;
    unsigned char *message = read_hex(words[0], &length), *frame;
    if (frame_encode(message, length, &frame, &size) < 0) {
        printf("refused\n");
    } else {
        printf("ok ");
        print_hex(frame, size);
        printf("\n");
        free(frame);
    }
    free(message);
}
