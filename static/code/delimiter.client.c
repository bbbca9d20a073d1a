if (connect(fd, server, len) < 0) // @connect
    return -1;
for (size_t i = 0; i < count; i++) {
    // There is no escaping: it would come out as two.
    if (strstr(messages[i], MARK))
        return -1;
    size_t n = strlen(messages[i]);
    memcpy(buf, messages[i], n);
    memcpy(buf + n, MARK, MARK_LEN);
    if (send_all(fd, buf, n + MARK_LEN) < 0) // @send
        return -1;
}
shutdown(fd, SHUT_WR); // @shutdown
while (recv(fd, buf, sizeof buf, 0) > 0) {} // @recv
close(fd); // @close
