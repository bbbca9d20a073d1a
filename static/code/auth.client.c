if (connect(fd, server, len) < 0 || // @connect
    recv(fd, ask, 32, MSG_WAITALL) != 32) // @recv.challenge
    return -1;
hmac_md5(KEY, ask, 32, answer);
if (send_all(fd, answer, 16) < 0) return -1; // @send.answer
for (size_t i = 0; i < count; i++) {
    size_t n = strlen(messages[i]);  // bytes
    uint32_t head = htole32((uint32_t)n);
    if (send_all(fd, &head, 4) < 0 || // @send.header
        send_all(fd, messages[i], n) < 0 || // @send.body
        recv_all(fd, buf, n) < 0) // @recv.reply
        break;
    show(buf, n);
}
shutdown(fd, SHUT_WR); // @shutdown
close(fd); // @close
