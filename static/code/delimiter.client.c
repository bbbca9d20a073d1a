if (connect(fd, server, len) < 0) // @connect
    return -1;
for (size_t i = 0; i < count; i++) {
    size_t n = strlen(messages[i]), all = n + MARK_LEN;
    memcpy(buf, messages[i], n);
    memcpy(buf + n, MARK, MARK_LEN);
    // Not escaped: an earlier mark would make two of it.
    if (memmem(buf, all, MARK, MARK_LEN) != buf + n)
        return -1;
    if (send_all(fd, buf, all) < 0) // @send
        return -1;
}
shutdown(fd, SHUT_WR); // @shutdown
while (recv(fd, buf, sizeof buf, 0) > 0) {} // @recv
close(fd); // @close
