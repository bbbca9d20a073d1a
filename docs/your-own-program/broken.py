"""A chat with a bug: the server takes what one recv() returns for one message."""

import json
import socket
import sys
import threading
import time

TEXTS = sys.argv[1:] or ["hello", "anybody?", "bye"]


def serve(connection):
    while data := connection.recv(4096):
        try:
            message = json.loads(data)
        except json.JSONDecodeError as error:
            print("dropped:", error)
            continue
        print("message:", message["say"])
        time.sleep(0.1)  # Stores it.


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
