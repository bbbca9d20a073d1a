// Several threads run this, each with its own client.
int fd = accept(listener, NULL, NULL); // @accept
FILE *in = fdopen(fd, "rb");
if (in == NULL || getrandom(ask, 32, 0) != 32)
    return -1;
hmac_md5(KEY, ask, 32, right);
if (send_all(fd, ask, 32) == 0 && // @send.challenge
    fread(answer, 1, 16, in) == 16 && // @recv.answer
    CRYPTO_memcmp(answer, right, 16) == 0)
    while (fread(head, 1, 4, in) == 4) { // @recv.header
        long n = length_of(head);  // -1: below 0 or > LIMIT
        if (n < 0 || fread(body, 1, n, in) != (size_t)n || // @recv.body
            send_all(fd, upper(body, n), n) < 0) // @send.reply
            break;
    }
fclose(in); // @close
