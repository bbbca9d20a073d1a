sock = create_connection(server)  # @connect
for message in messages:
    body = message.encode()
    # Bytes are counted, not characters.
    sock.sendall(str(len(body)).encode())  # @send.header
    answer = b""
    while answer != b"ready":
        chunk = sock.recv(5 - len(answer))  # @recv.ready
        answer += chunk
        if not chunk or not b"ready".startswith(answer):
            raise ValueError(answer)
    sock.sendall(body)  # @send.body
sock.shutdown(SHUT_WR)  # @shutdown
sock.close()  # @close
