sock = create_connection(server)  # @connect
for message in messages:
    body = message.encode()
    # There is no escaping: it would come out as two.
    if DELIMITER in body:
        raise ValueError("the mark is in the message")
    sock.sendall(body + DELIMITER)  # @send
sock.shutdown(SHUT_WR)  # @shutdown
while sock.recv(BUFFER):  # @recv
    pass  # b"": the server has read everything
sock.close()  # @close
