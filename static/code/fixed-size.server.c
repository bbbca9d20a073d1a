int conn = accept(listener, NULL, NULL); // @accept
size_t have = 0;
ssize_t n;
// Chunks and frames need not line up.
while ((n = recv(conn, buf + have, BUFFER, 0)) > 0) { // @recv
    have += n;
    while (have >= SIZE) {
        size_t end = SIZE;
        while (end > 0 && buf[end - 1] == PAD)
            end--;
        show(buf, end);
        have -= SIZE;
        memmove(buf, buf + SIZE, have);
    }
}
close(conn); // @close
