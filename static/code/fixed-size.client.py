sock = create_connection(server)  # @connect
for message in messages:
    body = message.encode()
    # Too long, or padding at its end: it can't be sent.
    if len(body) > SIZE or body.endswith(PAD):
        raise ValueError(message)
    sock.sendall(body.ljust(SIZE, PAD))  # @send
sock.shutdown(SHUT_WR)  # @shutdown
while sock.recv(BUFFER):  # @recv
    pass  # b"": the server has read everything
sock.close()  # @close
