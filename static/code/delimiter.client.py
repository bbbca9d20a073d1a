sock = create_connection(server)  # @connect
for message in messages:
    body = message.encode()
    framed = body + DELIMITER
    # Not escaped: an earlier mark would make two of it.
    if framed.index(DELIMITER) < len(body):
        raise ValueError("the mark is in the message")
    sock.sendall(framed)  # @send
sock.shutdown(SHUT_WR)  # @shutdown
while sock.recv(BUFFER):  # @recv
    pass  # b"": the server has read everything
sock.close()  # @close
