"""Lines. Wrong: what one recv() returns is one line."""
import socket
import sys

mended = sys.argv[1] == "mended"
server = socket.create_server(("127.0.0.1", 0))
while True:
    conn, _ = server.accept()
    with conn:
        rest = b""
        while data := conn.recv(4096):
            if mended:
                *lines, rest = (rest + data).split(b"\n")
            else:
                lines = [data.strip()]
            for line in lines:
                conn.sendall(b"<" + line + b">")
