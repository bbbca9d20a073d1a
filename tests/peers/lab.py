"""Drives /lab from Python, which does the framing and the HMAC itself.

    lab.py URL SYSTEM [KEY]      prints the run's lines as they came

Exit status 1 and a traceback: something else came than should have.
"""

import hmac
import json
import struct
import sys

from websockets.sync.client import connect

PATIENCE = 30
BUFFER = 16
# Nanoseconds; more than a call takes by itself.
GAP = 2_000_000
MESSAGES = [b"hello", "粘包".encode(), b"x" * 40]


def framed(body):
    return [struct.pack("<i", len(body)), body]


class Client:
    """Client 1 of a run: says what it sends, hears what it received."""

    def __init__(self, link, system, key):
        self.link = link
        self.system = system
        self.key = key
        self.received = b""
        self.answered = False
        self.waiting = list(MESSAGES)

    def say(self, **request):
        self.link.send(json.dumps(request))

    def send(self, *sends):
        self.say(
            type="send", client=1, sends=[{"gap": GAP, "bytes": data.hex()} for data in sends]
        )

    def close(self, after=0):
        self.say(type="close", client=1, after=after)

    def start(self):
        if self.system in ("udp-echo", "tcp-echo"):
            self.send(*MESSAGES)
        elif self.system == "length-prefix":
            self.send(*[part for body in MESSAGES for part in framed(body)])
            self.close()
        elif self.system == "ready-ack":
            self.send(str(len(self.waiting[0])).encode())

    def handle(self, data):
        self.received += data
        if self.system in ("udp-echo", "tcp-echo"):
            # A datagram is cut to the server's buffer; a stream is not.
            room = BUFFER if self.system == "udp-echo" else None
            replies = b"".join(message.upper()[:room] for message in MESSAGES)
            if len(self.received) == len(replies):
                assert self.received == replies, self.received
                self.close()
        elif self.system == "ready-ack":
            if self.received == b"ready":
                self.received = b""
                self.send(self.waiting.pop(0))
                if self.waiting:
                    self.send(str(len(self.waiting[0])).encode())
                else:
                    self.close()
        elif self.system == "auth":
            self.handle_auth()

    def handle_auth(self):
        if len(self.received) >= 32 and not self.answered:
            self.answered = True
            answer = hmac.new(self.key, self.received[:32], "md5").digest()
            self.send(answer, *[part for body in MESSAGES for part in framed(body)])
        if self.received[32:] == b"".join(MESSAGES).upper():
            self.close()


def main(url, system, key="wan yifei"):
    with connect(url, proxy=None, open_timeout=PATIENCE, max_size=None) as link:
        hello = json.loads(link.recv(timeout=PATIENCE))
        assert hello["type"] == "hello" and hello["version"] == 5, hello
        client = Client(link, system, key.encode())
        experiment = {"system": system, "buffer": BUFFER, "clients": [{"messages": []}]}
        client.say(type="run", run=7, experiment=experiment)
        while True:
            text = link.recv(timeout=PATIENCE)
            assert isinstance(text, str) and "\n" not in text
            line = json.loads(text)
            assert line["type"] in ("queued", "run", "party", "connection", "event", "ended"), line
            if line["type"] == "queued":
                continue
            print(text)
            if line["type"] == "run":
                assert line["run"] == 7, line
                client.start()
            elif line["type"] == "ended":
                break
            elif (line.get("party"), line.get("call")) == (1, "recv"):
                client.handle(bytes.fromhex(line.get("bytes", "")))


if __name__ == "__main__":
    main(*sys.argv[1:])
