if (connect(fd, server, len) < 0) // @connect
    return -1;
for (size_t i = 0; i < count; i++) {
    size_t n = strlen(messages[i]);  // bytes
    uint32_t head = htole32((uint32_t)n);
    if (send_all(fd, &head, 4) < 0) // @send.header
        return -1;
    if (send_all(fd, messages[i], n) < 0) // @send.body
        return -1;
}
shutdown(fd, SHUT_WR); // @shutdown
while (recv(fd, buf, sizeof buf, 0) > 0) {} // @recv
close(fd); // @close
