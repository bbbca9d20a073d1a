// Several threads run this, each with its own client.
int fd = accept(listener, NULL, NULL); // @accept
FILE *in = fdopen(fd, "rb");
if (in == NULL || getrandom(own, 32, 0) != 32)
    return -1;
if (send_all(fd, own, 32) == 0 && // @send.challenge
    fread(theirs, 1, 64, in) == 64 && // @recv.answer
    mac(KEY, "client", own, theirs, right) == 0 &&
    CRYPTO_memcmp(theirs + 32, right, 32) == 0 &&
    mac(KEY, "server", own, theirs, proof) == 0 &&
    send_all(fd, proof, 32) == 0) // @send.proof
    while ((n = read_frame(in, body)) >= 0) // @recv.header @recv.body
        if (send_all(fd, upper(body, n), n) < 0) // @send.reply
            break;
fclose(in); // @close
