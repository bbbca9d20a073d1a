int fd = socket(AF_INET, SOCK_DGRAM, 0);
struct timeval patience = {.tv_usec = 500000};
setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO,
           &patience, sizeof patience);
for (size_t i = 0; i < count; i++) {
    if (sendto(fd, messages[i], strlen(messages[i]), 0, // @send
               server, sizeof(struct sockaddr_in)) < 0)
        break;
    ssize_t n = recvfrom(fd, buf, BUFFER, 0, NULL, NULL); // @recv
    if (n < 0)
        perror("no reply");
    else
        show(buf, n);
}
close(fd); // @close
