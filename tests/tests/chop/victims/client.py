"""A client, and a server that answers it. Wrong: the client takes one recv() for the reply."""
import socket
import sys
import threading

mended = sys.argv[1] == "mended"
server = socket.create_server(("127.0.0.1", 0))


def serve():
    conn, _ = server.accept()
    with conn:
        request = b""
        while not request.endswith(b"\n"):
            request += conn.recv(1024)
        conn.sendall("您好, how are you?\n".encode())


threading.Thread(target=serve).start()
with socket.create_connection(server.getsockname()) as client:
    client.sendall(b"hello\n")
    reply = client.recv(1024)
    while mended and not reply.endswith(b"\n"):
        more = client.recv(1024)
        if not more:
            break
        reply += more
print(reply)
