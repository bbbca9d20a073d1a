"""Two processes send 64 bytes to and fro over loopback. Prints how long a round trip took,
in microseconds."""

import os
import socket
import sys
import time

SIZE = 64
WARM = 100
TRIPS = int(sys.argv[1])


def take(connection):
    """False at the end of the stream."""
    got = 0
    while got < SIZE:
        more = len(connection.recv(SIZE - got))
        if not more:
            return False
        got += more
    return True


def trip(connection):
    connection.sendall(bytes(SIZE))
    if not take(connection):
        sys.exit(1)


listener = socket.create_server(("127.0.0.1", 0))
child = os.fork()
if child == 0:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while take(connection):
        connection.sendall(bytes(SIZE))
    os._exit(0)
connection = socket.create_connection(listener.getsockname())
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for _ in range(WARM):
    trip(connection)
begun = time.monotonic()
for _ in range(TRIPS):
    trip(connection)
took = time.monotonic() - begun
connection.close()
os.waitpid(child, 0)
print(took * 1e6 / TRIPS)
