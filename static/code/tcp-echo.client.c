if (connect(fd, server, len) < 0) // @connect
    return -1;
for (size_t i = 0; i < count; i++) {
    size_t left = strlen(messages[i]);
    if (send_all(fd, messages[i], left) < 0) // @send
        break;
    while (left > 0) {
        ssize_t n = recv(fd, buf, sizeof buf, 0); // @recv
        if (n <= 0 || (size_t)n > left)
            return -1;
        show(buf, n);
        left -= n;
    }
}
shutdown(fd, SHUT_WR); // @shutdown
close(fd); // @close
