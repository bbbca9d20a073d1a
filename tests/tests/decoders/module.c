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

static void tell(struct frame_decoder *decoder)
{
    printf("error %s %" PRIu64 " %s", decoder->error.kind, decoder->error.offset,
           decoder->error.text);
}

static int drain(struct frame_decoder *decoder)
{
    const unsigned char *message;
    size_t length;
    int found;
    while ((found = frame_decoder_next(decoder, &message, &length)) != 0) {
        if (found < 0) {
            if (!GOES_ON)
                return found;
            tell(decoder);
            printf(" ");
            continue;
        }
        printf("m:");
        print_hex(message, length);
        printf(" ");
    }
    return found;
}

#ifdef LISTENS
static void idle(struct frame_decoder *decoder)
{
    frame_decoder_idle(decoder);
}

static const char *reply(struct frame_decoder *decoder)
{
    return frame_decoder_reply(decoder);
}
#else
static void idle(struct frame_decoder *decoder)
{
    (void)decoder;
}

static const char *reply(struct frame_decoder *decoder)
{
    (void)decoder;
    return "";
}
#endif

static int decode(struct frame_decoder *decoder, char **chunks)
{
    for (; *chunks; chunks++) {
        // A copy of its own, so that reading behind it is noticed.
        size_t length;
        // Behind a tilde nobody asks what is complete with the silence.
        int is_unasked = **chunks == '~';
        if (is_unasked)
            idle(decoder);
        unsigned char *chunk = read_hex(*chunks + is_unasked, &length);
        int fed = frame_decoder_feed(decoder, chunk, length);
        free(chunk);
        if (length == 0)
            idle(decoder);
        if (fed < 0 || drain(decoder) < 0)
            return -1;
        const char *said = reply(decoder);
        if (*said) {
            printf("r:");
            print_hex((const unsigned char *)said, strlen(said));
            printf(" ");
            if (drain(decoder) < 0)
                return -1;
        }
        printf("/ ");
    }
    return finish(decoder) < 0 || drain(decoder) < 0 ? -1 : 0;
}

void NAME(const char *task, char **words)
{
    if (*task == 'D') {
        struct frame_decoder decoder = {0};
        if (decode(&decoder, words) < 0)
            tell(&decoder);
        else
            printf("ok");
        printf("\n");
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
