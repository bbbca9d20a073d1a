char buf[BUFFER];
for (;;) {
    // The next client waits in the kernel meanwhile.
    int fd = accept(listener, NULL, NULL); // @accept
    if (fd < 0)
        continue;
    ssize_t n;  // 0: the client has sent all it will
    while ((n = recv(fd, buf, sizeof buf, 0)) > 0) { // @recv
        for (ssize_t i = 0; i < n; i++)
            buf[i] = toupper((unsigned char)buf[i]);
        if (send_all(fd, buf, n) < 0) // @send
            break;
    }
    close(fd); // @close
}
