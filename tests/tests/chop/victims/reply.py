"""A client of a server on a Unix socket. Wrong: it takes one recv() for the reply."""
import socket
import sys

mended = sys.argv[1] == "mended"
with socket.socket(socket.AF_UNIX) as client:
    client.connect(sys.argv[2])
    client.sendall(b"hello\n")
    reply = client.recv(1024)
    while mended and not reply.endswith(b"\n"):
        more = client.recv(1024)
        if not more:
            break
        reply += more
    client.sendall(b"got %d\n" % len(reply))
