"""`auth` as one writes it in Python: socketserver.ThreadingTCPServer, a thread
a connection. `cargo xtask bench` measures it beside ours.

Prints "listening HOST:PORT" and serves until killed. It has no deadlines and
no limits, which spares it their cost.
"""

import hmac
import os
import socketserver
import struct

KEY = b"wan yifei"
MAX_FRAME = 1 << 20


class Handler(socketserver.StreamRequestHandler):
    # Buffered reads: an answer and a frame that came together are one recv.
    disable_nagle_algorithm = True

    def handle(self):
        challenge = os.urandom(32)
        self.wfile.write(challenge)
        answer = self.rfile.read(16)
        if not hmac.compare_digest(answer, hmac.digest(KEY, challenge, "md5")):
            return
        while header := self.rfile.read(4):
            if len(header) < 4:
                return
            (length,) = struct.unpack("<i", header)
            if not 0 <= length <= MAX_FRAME:
                return
            body = self.rfile.read(length)
            if len(body) < length:
                return
            self.wfile.write(body.upper())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    # As ours has it.
    request_queue_size = 128


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Handler) as server:
        print("listening", "%s:%d" % server.server_address, flush=True)
        server.serve_forever()
