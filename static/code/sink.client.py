sock = create_connection(server)  # @connect
sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, NODELAY)
for message in messages:
    sock.sendall(message.encode())  # @send
    time.sleep(GAP)
sock.shutdown(SHUT_WR)  # @shutdown
while sock.recv(BUFFER):  # @recv
    pass  # b"": the server has read everything
sock.close()  # @close
