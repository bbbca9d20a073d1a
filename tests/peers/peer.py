"""Speaks each of the five protocols with Python's standard library only.

    peer.py client SYSTEM HOST PORT [--key KEY] [--scheme SCHEME] MESSAGE...
        sends each message, prints what comes back, one line a reply
    peer.py server SYSTEM HOST [--key KEY] [--scheme SCHEME]
        prints "listening PORT", serves one client (udp-echo: until killed),
        prints each message as a line

Exit status 1: the other side did not keep to the protocol.
"""

import argparse
import hmac
import os
import socket
import struct
import sys

PATIENCE = 30


def exactly(connection, count):
    """The next `count` bytes, in however many recv."""
    data = bytearray()
    while len(data) < count:
        chunk = connection.recv(count - len(data))
        if not chunk:
            raise EOFError(f"closed after {len(data)} of {count} bytes")
        data += chunk
    return bytes(data)


def frame(connection):
    """The body of the next length-prefix frame; None at the end."""
    first = connection.recv(1)
    if not first:
        return None
    (length,) = struct.unpack("<i", first + exactly(connection, 3))
    if not 0 <= length <= 1 << 20:
        raise ValueError(f"length {length}")
    return exactly(connection, length)


def framed(body):
    return struct.pack("<i", len(body)) + body


def upper(data):
    """bytes.upper() is ASCII only, as the protocol has it."""
    return data.upper()


def show(data):
    print(data.decode("utf-8", "backslashreplace"))


def digest(key, challenge):
    return hmac.new(key, challenge, "md5").digest()


def proof(key, role, server_nonce, client_nonce):
    """The proof of `role`, client or server, in mutual-sha256."""
    label = b"sticky-packet-lab mutual-sha256 v1 " + role
    return hmac.digest(key, label + server_nonce + client_nonce, "sha256")


# As a client.


def ask_udp_echo(connection, messages, _key):
    for message in messages:
        connection.send(message)
        show(connection.recv(65536))


def ask_tcp_echo(connection, messages, _key):
    for message in messages:
        connection.sendall(message)
        show(exactly(connection, len(message)))


def ask_ready_ack(connection, messages, _key):
    for message in messages:
        connection.sendall(str(len(message)).encode("ascii"))
        answer = exactly(connection, 5)
        if answer != b"ready":
            raise ValueError(answer)
        connection.sendall(message)


def ask_length_prefix(connection, messages, _key):
    for message in messages:
        connection.sendall(framed(message))


def ask_auth(connection, messages, key):
    connection.sendall(digest(key, exactly(connection, 32)))
    for message in messages:
        connection.sendall(framed(message))
        show(exactly(connection, len(message)))


def ask_auth_mutual_sha256(connection, messages, key):
    challenge = exactly(connection, 32)
    nonce = os.urandom(32)
    connection.sendall(nonce + proof(key, b"client", challenge, nonce))
    right = proof(key, b"server", challenge, nonce)
    if not hmac.compare_digest(exactly(connection, 32), right):
        raise ValueError("the server does not know the key")
    for message in messages:
        connection.sendall(framed(message))
        show(exactly(connection, len(message)))


# As a server.


def serve_tcp_echo(connection, _key):
    while chunk := connection.recv(1024):
        show(chunk)
        connection.sendall(upper(chunk))


def serve_ready_ack(connection, _key):
    while digits := connection.recv(1024):
        length = int(digits)
        connection.sendall(b"ready")
        show(exactly(connection, length))


def serve_length_prefix(connection, _key):
    while (body := frame(connection)) is not None:
        show(body)


def serve_auth(connection, key):
    challenge = os.urandom(32)
    connection.sendall(challenge)
    answer = exactly(connection, 16)
    if not hmac.compare_digest(answer, digest(key, challenge)):
        print("rejected")
        return
    serve_frames(connection)


def serve_auth_mutual_sha256(connection, key):
    challenge = os.urandom(32)
    connection.sendall(challenge)
    nonce, answer = exactly(connection, 32), exactly(connection, 32)
    if not hmac.compare_digest(answer, proof(key, b"client", challenge, nonce)):
        print("rejected")
        return
    connection.sendall(proof(key, b"server", challenge, nonce))
    serve_frames(connection)


def serve_frames(connection):
    print("accepted")
    while (body := frame(connection)) is not None:
        show(body)
        connection.sendall(upper(body))


def serve_udp_echo(endpoint):
    while True:
        data, peer = endpoint.recvfrom(1024)
        show(data)
        endpoint.sendto(upper(data), peer)


def spoken(options):
    """What is spoken, as the functions' names end."""
    scheme = "" if options.scheme == "hmac-md5" else "_" + options.scheme
    return (options.system + scheme).replace("-", "_")


def client(options, key):
    kind = socket.SOCK_DGRAM if options.system == "udp-echo" else socket.SOCK_STREAM
    messages = [message.encode() for message in options.messages]
    talk = globals()["ask_" + spoken(options)]
    with socket.socket(socket.AF_INET, kind) as connection:
        connection.settimeout(PATIENCE)
        connection.connect((options.host, options.port))
        talk(connection, messages, key)
        if kind == socket.SOCK_STREAM:
            connection.shutdown(socket.SHUT_WR)
            if rest := connection.recv(1024):
                raise ValueError(f"and then {rest!r}")


def server(options, key):
    if options.system == "udp-echo":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
            endpoint.bind((options.host, 0))
            print("listening", endpoint.getsockname()[1])
            serve_udp_echo(endpoint)
    serve = globals()["serve_" + spoken(options)]
    with socket.create_server((options.host, 0)) as listener:
        listener.settimeout(PATIENCE)
        print("listening", listener.getsockname()[1])
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(PATIENCE)
            serve(connection, key)


def main():
    parser = argparse.ArgumentParser()
    roles = parser.add_subparsers(dest="role", required=True)
    for role in (client, server):
        sub = roles.add_parser(role.__name__)
        sub.set_defaults(play=role)
        sub.add_argument("system")
        sub.add_argument("host")
        if role is client:
            sub.add_argument("port", type=int)
            sub.add_argument("messages", nargs="*")
        sub.add_argument("--key", default="wan yifei")
        sub.add_argument("--scheme", default="hmac-md5")
    options = parser.parse_args()
    try:
        options.play(options, options.key.encode())
    except (OSError, EOFError, ValueError) as error:
        sys.exit(f"{options.system}: {error!r}")


if __name__ == "__main__":
    main()
