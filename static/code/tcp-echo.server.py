while True:
    # The next client waits in the kernel meanwhile.
    conn, peer = listener.accept()  # @accept
    while data := conn.recv(BUFFER):  # @recv
        conn.sendall(data.upper())  # @send
    # b"": the client has sent all it will.
    conn.close()  # @close
