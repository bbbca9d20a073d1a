sock = create_connection(server)  # @connect
for message in messages:
    body = message.encode()
    # The length counts bytes, not characters.
    header = struct.pack("<i", len(body))
    sock.sendall(header)  # @send.header
    sock.sendall(body)  # @send.body
sock.shutdown(SHUT_WR)  # @shutdown
while sock.recv(BUFFER):  # @recv
    pass  # b"": the server has read everything
sock.close()  # @close
