"""A process of its own that carries bytes, to be stopped and killed from outside.

    pipe.py HOST:PORT SOURCE [KEY]    standard input to the server, what it answers
                                      to standard output; with KEY first the answer
                                      to auth's challenge

Ends when the server has ended its stream. Exit status 1 and a traceback: it failed.
"""

import hmac
import os
import socket
import sys
import threading

ROOM = 65536


def main(server, source, key=None):
    host, port = server.rsplit(":", 1)
    link = socket.create_connection((host, int(port)), source_address=(source, 0))
    if key is not None:
        challenge = link.recv(32, socket.MSG_WAITALL)
        link.sendall(hmac.digest(key.encode(), challenge, "md5"))
    print("connected", flush=True)

    def send():
        while data := os.read(0, ROOM):
            link.sendall(data)
        link.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, daemon=True).start()
    while data := link.recv(ROOM):
        while data:
            data = data[os.write(1, data) :]


main(*sys.argv[1:])
