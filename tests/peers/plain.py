"""Strips TLS: passes connections to a server on, from an address of its own.

plain.py HOST:PORT SOURCE CERTIFICATE NAME prints "listening PORT" of 127.0.0.1.
The server's certificate has to be CERTIFICATE, for NAME.
"""

import socket
import ssl
import sys
import threading

host, port = sys.argv[1].rsplit(":", 1)
source, certificate, name = sys.argv[2:]
context = ssl.create_default_context(cafile=certificate)


def copy(reader, writer):
    try:
        while data := reader.recv(65536):
            writer.sendall(data)
    except OSError:
        pass
    # Both ways end together: TLS connections have no half-close here.
    for end in (reader, writer):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(plain):
    try:
        tcp = socket.create_connection((host, int(port)), source_address=(source, 0))
        secure = context.wrap_socket(tcp, server_hostname=name)
    except OSError as error:
        print(error, file=sys.stderr)
        plain.close()
        return
    for ends in ((plain, secure), (secure, plain)):
        threading.Thread(target=copy, args=ends, daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
print("listening", listener.getsockname()[1])
while True:
    serve(listener.accept()[0])
