if (connect(fd, server, len) < 0) // @connect
    return -1;
for (size_t i = 0; i < count; i++) {
    char text[21], answer[5];
    size_t n = strlen(messages[i]);  // bytes
    int digits = snprintf(text, sizeof text, "%zu", n);
    if (send_all(fd, text, digits) < 0) // @send.header
        return -1;
    if (recv(fd, answer, 5, MSG_WAITALL) != 5 || // @recv.ready
        memcmp(answer, "ready", 5) != 0)
        return -1;
    if (send_all(fd, messages[i], n) < 0) // @send.body
        return -1;
}
shutdown(fd, SHUT_WR); // @shutdown
close(fd); // @close
