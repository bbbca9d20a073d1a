"""Two processes that talk over a loopback connection, by each of Python's ways; each
says what its calls passed."""

import os
import selectors
import socket
import sys


def say(end, call, data):
    os.write(1, f"{end} {call} {data.hex()}".rstrip().encode() + b"\n")


def serve(listener):
    connection, _ = listener.accept()
    connection.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(connection, selectors.EVENT_READ)
    while True:
        selector.select()
        try:
            data = connection.recv(5)
        except BlockingIOError:
            continue
        say("acceptor", "recv", data)
        if not data:
            break
        sent = connection.send(data.upper())
        say("acceptor", "send", data.upper()[:sent])
    connection.close()


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if child == 0:
        serve(listener)
        os._exit(0)
    address = listener.getsockname()
    listener.close()
    with socket.create_connection(address) as client:
        for message in [b"hello", b"\x00\xff", b"a" * 12, b"bye"]:
            sent = client.send(message)
            say("opener", "send", message[:sent])
            wanted = sent
            while wanted:
                data = client.recv(100)
                say("opener", "recv", data)
                wanted -= len(data)
        client.shutdown(socket.SHUT_WR)
        data = client.recv(100)
        say("opener", "recv", data)
    os.waitpid(child, 0)
    print("done", file=sys.stderr)
    sys.exit(5)


main()
