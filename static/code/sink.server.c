char buf[BUFFER];
for (;;) {
    int fd = accept(listener, NULL, NULL); // @accept
    if (fd < 0)
        continue;
    usleep(READ_DELAY);
    ssize_t n;  // whatever is there, BUFFER bytes at most
    while ((n = recv(fd, buf, sizeof buf, 0)) > 0) { // @recv
        printf("%zd %.*s\n", n, (int)n, buf);
        usleep(READ_DELAY);
    }
    close(fd); // @close
}
