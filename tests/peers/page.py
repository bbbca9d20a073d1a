"""A page as a process of its own, to be stopped and killed from outside.

    page.py HOST:PORT SOURCE      each line of standard input is a request to /lab,
                                  each of its lines is printed as it comes

Ends when the gateway has closed. Exit status 1 and a traceback: it failed.
"""

import socket
import sys
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def main(server, source):
    host, port = server.rsplit(":", 1)
    link = socket.create_connection((host, int(port)), source_address=(source, 0))
    with connect(f"ws://{server}/lab", sock=link, proxy=None) as page:

        def ask():
            for request in sys.stdin:
                page.send(request.rstrip("\n"))

        threading.Thread(target=ask, daemon=True).start()
        try:
            for line in page:
                print(line, flush=True)
        except ConnectionClosed:
            pass


main(*sys.argv[1:])
