"""A number of decimal digits and a line feed, then as many bytes. Wrong: what comes with the
number is dropped, as the article's client waits for an answer before it sends more."""
import socket
import sys

mended = sys.argv[1] == "mended"
server = socket.create_server(("127.0.0.1", 0))
while True:
    conn, _ = server.accept()
    with conn:
        data = b""
        while b"\n" not in data:
            more = conn.recv(1024)
            if not more:
                break
            data += more
        number, _, rest = data.partition(b"\n")
        if not mended:
            rest = b""
        while len(rest) < int(number or b"0"):
            more = conn.recv(1024)
            if not more:
                break
            rest += more
        print("got", rest[: int(number or b"0")].decode())
