if (connect(fd, server, len) < 0 || // @connect
    recv(fd, ask, 32, MSG_WAITALL) != 32 || // @recv.challenge
    getrandom(own, 32, 0) != 32) // a nonce, used once
    return -1;
mac(KEY, "client", ask, own, own + 32);
mac(KEY, "server", ask, own, right);
if (send_all(fd, own, 64) < 0 || // @send.answer
    recv(fd, proof, 32, MSG_WAITALL) != 32 || // @recv.proof
    CRYPTO_memcmp(proof, right, 32) != 0)
    return -1; // no message for this server
for (size_t i = 0; i < count; i++)
    if (send_frame(fd, messages[i]) < 0 || // @send.header @send.body
        recv_reply(fd, messages[i]) < 0) // @recv.reply
        break;
shutdown(fd, SHUT_WR); // @shutdown
close(fd); // @close
