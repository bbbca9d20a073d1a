int conn = accept(listener, NULL, NULL); // @accept
size_t have = 0;
ssize_t n;
while ((n = recv(conn, buf + have, BUFFER, 0)) > 0) { // @recv
    have += n;
    char *end;
    // A chunk may end inside a message, or inside the mark.
    while ((end = memmem(buf, have, MARK, MARK_LEN))) {
        show(buf, end - buf);
        have -= end + MARK_LEN - buf;
        memmove(buf, end + MARK_LEN, have);
    }
    if (have > LIMIT) // buf has LIMIT + BUFFER bytes
        break;
}
close(conn); // @close
