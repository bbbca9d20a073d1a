conn, peer = listener.accept()  # @accept
digits = b""
while chunk := conn.recv(BUFFER):  # @recv.header
    digits += chunk
    if select([conn], [], [], 0.05)[0]:
        continue  # only silence ends the number
    n = length_of(digits)  # digits only, LIMIT at most
    conn.sendall(b"ready")  # @send.ready
    digits, body = b"", b""
    while len(body) < n:
        chunk = conn.recv(min(n - len(body), BUFFER))  # @recv.body
        if not chunk:
            raise EOFError("inside a message")
        body += chunk
    print(body)
conn.close()  # @close
