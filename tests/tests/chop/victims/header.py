"""Length-prefixed messages. Wrong: the header is taken from one recv()."""
import socket
import struct
import sys


def exactly(conn, count):
    """Receives so many bytes, or none at the end of the stream."""
    data = b""
    while len(data) < count:
        more = conn.recv(count - len(data))
        if not more:
            return b""
        data += more
    return data


mended = sys.argv[1] == "mended"
server = socket.create_server(("127.0.0.1", 0))
while True:
    conn, _ = server.accept()
    with conn:
        while header := exactly(conn, 4) if mended else conn.recv(4):
            try:
                (length,) = struct.unpack("<i", header)
            except struct.error:
                break
            conn.sendall(exactly(conn, length).upper())
