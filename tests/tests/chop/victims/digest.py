"""An answer of 16 bytes, then a welcome. Wrong: the answer is taken from one recv()."""
import socket
import sys

SECRET = bytes(range(16))
mended = sys.argv[1] == "mended"
server = socket.create_server(("127.0.0.1", 0))
while True:
    conn, _ = server.accept()
    with conn:
        answer = conn.recv(16)
        while mended and 0 < len(answer) < 16:
            more = conn.recv(16 - len(answer))
            if not more:
                break
            answer += more
        if answer == SECRET:
            conn.sendall(b"welcome")
