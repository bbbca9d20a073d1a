"""A chat server that takes what one recv() returns for one message, and a client that
sends six lines. `stickylab trace -- python3 chat.py` shows where the lines went."""

import socket
import threading
import time


def serve(listener):
    connection, _ = listener.accept()
    time.sleep(0.1)  # Busy with something else for a moment.
    while message := connection.recv(1024):
        print(f"message: {message!r}")
    connection.close()


listener = socket.create_server(("127.0.0.1", 0))
server = threading.Thread(target=serve, args=(listener,))
server.start()
client = socket.create_connection(listener.getsockname())
for line in ["hello", "how are you?", "fine", "and you?", "me too", "bye"]:
    client.sendall(line.encode() + b"\n")
client.close()
server.join()
