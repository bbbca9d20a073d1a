sock = create_connection(server)  # @connect
for message in messages:
    data = message.encode()
    sock.sendall(data)  # @send
    reply = b""
    while len(reply) < len(data):
        chunk = sock.recv(BUFFER)  # @recv
        if not chunk:
            raise EOFError("inside a reply")
        reply += chunk
    print(reply)
sock.shutdown(SHUT_WR)  # @shutdown
sock.close()  # @close
