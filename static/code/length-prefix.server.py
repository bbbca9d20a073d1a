conn, peer = listener.accept()  # @accept
with conn, conn.makefile("rb", BUFFER) as stream:  # @close
    # recv() takes what is there, read(n) waits for n bytes.
    while header := stream.read(4):  # @recv.header
        (n,) = struct.unpack("<i", header)
        if not 0 <= n <= LIMIT:
            raise ValueError(f"length {n}")
        body = stream.read(n)  # @recv.body
        if len(body) < n:
            raise EOFError("inside a message")
        print(body)
