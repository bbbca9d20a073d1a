if (connect(fd, server, len) < 0) // @connect
    return -1;
for (size_t i = 0; i < count; i++) {
    const char *at = messages[i];
    size_t left = strlen(at);
    while (left > 0) {
        // send() may take less than it was given.
        ssize_t n = send(fd, at, left, MSG_NOSIGNAL); // @send
        if (n < 0)
            return -1;
        at += n, left -= n;
    }
}
shutdown(fd, SHUT_WR); // @shutdown
while (recv(fd, buf, sizeof buf, 0) > 0) {} // @recv
close(fd); // @close
