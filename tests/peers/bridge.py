"""A WebSocket client of another stack than ours at the gateway's bridges.

    bridge.py talk HOST:PORT SYSTEM      the system's own conversation
    bridge.py refused URL [ORIGIN]       prints the HTTP status and its text
    bridge.py up URL COUNT SIZE          sends COUNT messages and closes at once
    bridge.py down URL                   prints what comes, as hex, then the close code
    bridge.py closing URL                prints the first message, then the close code
    bridge.py offer URL NAME MESSAGE     offers a subprotocol; prints which was selected,
                                         and what comes back as Python writes it
    bridge.py datagrams URL MESSAGE...   sends each, prints each reply as text

Exit status 1 and a traceback: something else came than should have.
"""

import hmac
import struct
import sys

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

PATIENCE = 30


def dial(url, **options):
    return connect(url, proxy=None, open_timeout=PATIENCE, close_timeout=PATIENCE, **options)


def take(bridge, count):
    """The next `count` bytes, in however many messages; each must be binary."""
    data = b""
    while len(data) < count:
        chunk = bridge.recv(timeout=PATIENCE)
        assert isinstance(chunk, bytes), chunk
        data += chunk
    assert len(data) == count, data
    return data


def expect(bridge, data):
    got = take(bridge, len(data))
    assert got == data, (got, data)


def talk_udp_echo(bridge):
    for message, reply in [(b"hello", b"HELLO"), (b"", b""), ("粘".encode(), "粘".encode())]:
        bridge.send(message)
        got = bridge.recv(timeout=PATIENCE)
        assert got == reply, (got, reply)


def talk_tcp_echo(bridge):
    bridge.send(b"hello")
    expect(bridge, b"HELLO")
    bridge.send("as text, 粘")
    expect(bridge, "AS TEXT, 粘".encode())
    # A stream carries no empty send: what comes next answers what comes next.
    bridge.send(b"")
    bridge.send(b"\xff\x00z")
    expect(bridge, b"\xff\x00Z")


def talk_ready_ack(bridge):
    for message in (b"hello", b"hello, world"):
        bridge.send(str(len(message)).encode())
        expect(bridge, b"ready")
        bridge.send(message)


def talk_length_prefix(bridge):
    bridge.send(struct.pack("<i", 5) + b"hello")
    bridge.send(struct.pack("<i", 12))
    bridge.send(b"hello, world")


def talk_auth(bridge):
    challenge = take(bridge, 32)
    bridge.send(hmac.new(b"wan yifei", challenge, "md5").digest())
    for message, reply in [(b"hello", b"HELLO"), (b"hello, world", b"HELLO, WORLD")]:
        bridge.send(struct.pack("<i", len(message)) + message)
        expect(bridge, reply)


def talk(place, system):
    with dial(f"ws://{place}/bridge/{system}") as bridge:
        globals()["talk_" + system.replace("-", "_")](bridge)


def refused(url, origin=None):
    try:
        with dial(url, origin=origin):
            print("open")
    except InvalidStatus as error:
        print(error.response.status_code)
        print(error.response.body.decode().strip())


def message(number, size):
    """What message `number` is made of: tests on the other side know it."""
    return bytes([number % 256]) * int(size)


def up(url, count, size):
    with dial(url) as bridge:
        for number in range(int(count)):
            bridge.send(message(number, size))


def down(url):
    with dial(url, max_size=None) as bridge:
        try:
            while True:
                print(bridge.recv(timeout=PATIENCE).hex())
        except ConnectionClosed:
            print(bridge.close_code, bridge.close_reason)


def closing(url):
    """Prints the first message, then the close code."""
    with dial(url) as bridge:
        print(repr(bridge.recv(timeout=PATIENCE)))
        try:
            while True:
                bridge.recv(timeout=PATIENCE)
        except ConnectionClosed:
            print(bridge.close_code, bridge.close_reason)


def offer(url, name, message):
    with dial(url, subprotocols=[name]) as bridge:
        bridge.send(message)
        print(bridge.subprotocol)
        print(repr(bridge.recv(timeout=PATIENCE)))


def datagrams(url, *messages):
    with dial(url) as bridge:
        for message in messages:
            bridge.send(message.encode())
            print(bridge.recv(timeout=PATIENCE).decode())


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
