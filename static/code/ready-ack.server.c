int fd = accept(listener, NULL, NULL); // @accept
ssize_t got, have = 0;
while ((got = recv(fd, text + have, 20 - have, 0)) > 0) { // @recv.header
    have += got;
    if (poll(&(struct pollfd){fd, POLLIN, 0}, 1, 50) > 0)
        continue;  // only silence ends the number
    text[have] = 0, have = 0;
    long n = length_of(text);  // -1: no length, or > LIMIT
    if (n < 0 || send_all(fd, "ready", 5) < 0) // @send.ready
        break;
    for (long at = 0; at < n && got > 0; at += got)
        got = recv(fd, body + at, n - at, 0); // @recv.body
    if (got > 0)
        show(body, n);
}
close(fd); // @close
