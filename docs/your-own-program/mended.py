"""The chat without the bug: a message ends at its line feed, wherever a recv() ends."""

import json
import socket
import sys
import threading
import time

TEXTS = sys.argv[1:] or ["hello", "anybody?", "bye"]
LONGEST = 65536


def serve(connection):
    pending = b""
    while data := connection.recv(4096):
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            print("message:", json.loads(line)["say"])
            time.sleep(0.1)  # Stores it.
        if len(pending) > LONGEST:
            sys.exit(f"a message of more than {LONGEST} bytes")
    if pending:
        sys.exit("the connection ended inside a message")


def talk(address):
    with socket.create_connection(address) as connection:
        for text in TEXTS:
            connection.sendall(json.dumps({"say": text}).encode() + b"\n")
            if text == TEXTS[0]:
                time.sleep(0.03)  # The others come while the server is storing.


listener = socket.create_server(("127.0.0.1", 0))
client = threading.Thread(target=talk, args=[listener.getsockname()])
client.start()
serve(listener.accept()[0])
client.join()
