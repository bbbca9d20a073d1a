struct sockaddr_storage peer;
struct sockaddr *from = (struct sockaddr *)&peer;
char buf[BUFFER];
for (;;) {
    socklen_t len = sizeof peer;
    // One datagram a call; what exceeds buf is gone.
    ssize_t n = recvfrom(fd, buf, BUFFER, 0, from, &len); // @recv
    if (n < 0)
        continue;  // n == 0 is an empty datagram
    for (ssize_t i = 0; i < n; i++)
        buf[i] = toupper((unsigned char)buf[i]);
    if (sendto(fd, buf, n, 0, from, len) < 0) // @send
        perror("sendto");
}
