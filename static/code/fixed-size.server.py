conn, peer = listener.accept()  # @accept
waiting = b""
while chunk := conn.recv(BUFFER):  # @recv
    waiting += chunk
    # Chunks and frames need not line up.
    while len(waiting) >= SIZE:
        frame, waiting = waiting[:SIZE], waiting[SIZE:]
        print(frame.rstrip(PAD))
if waiting:
    raise EOFError("inside a frame")
conn.close()  # @close
