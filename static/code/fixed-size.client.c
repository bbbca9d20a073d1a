if (connect(fd, server, len) < 0) // @connect
    return -1;
for (size_t i = 0; i < count; i++) {
    size_t n = strlen(messages[i]);
    // Too long, or padding at its end: it can't be sent.
    if (n > SIZE || (n > 0 && messages[i][n - 1] == PAD))
        return -1;
    memset(frame, PAD, SIZE);
    memcpy(frame, messages[i], n);
    if (send_all(fd, frame, SIZE) < 0) // @send
        return -1;
}
shutdown(fd, SHUT_WR); // @shutdown
while (recv(fd, buf, sizeof buf, 0) > 0) {} // @recv
close(fd); // @close
