"""A test that `stickylab chop` wrote of a program whose recv() calls return less than they might.

It starts the program, talks to it as its peer did when it was observed, and does so twice: first
each piece is sent as the program took it as is, then cut as in SCHEDULE below. Compared with the
program as is are what it sends, whether it ends its connections, its standard output and its exit
code.

    python3 THIS_FILE              the program that was observed
    python3 THIS_FILE CMD ARG...   another one, such as the same program mended

Exit codes: 0 the program lives with the cuts, 1 it does not, 2 it could not be judged. A program that
does something else as is by now, as one that was mended may, is compared with what it does now.

What keeps a cut: the next piece is sent once the program has taken the one before. On TCP that is
once SIOCOUTQ of the socket here is 0, so that the other end's kernel has all of it, and after that
the receive queue of the program's socket in /proc/net/tcp or tcp6 is empty. On a Unix socket
SIOCOUTQ alone says it: Linux counts there what was not received yet (unix(7), tcp(7), proc(5)). Both
are looked at again and again; no length of time decides.

What this cannot do: a recv() that has taken a piece and is about to return may in rare cases still
take bytes that come within these microseconds, so that a cut is missing. A program that waits for
more before it takes anything (MSG_PEEK, SO_RCVLOWAT) is sent the next piece after WAITS seconds all
the same, and that is said. It needs Linux, and the program in the same network namespace.
"""

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import tty

# DATA


class NotJudged(Exception):
    """Why nothing can be said of the program."""


def wait_until(condition, seconds):
    """Looks again and again; false if it does not hold within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


def rows(name):
    """The rows of a table of sockets; none where this kernel has no such table."""
    try:
        with open("/proc/net/" + name, "rb") as table:
            return [line.split() for line in table.readlines()[1:]]
    except OSError:
        return []


def processes(session):
    """The processes of a session, and the states of all their threads."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            threads = os.listdir(f"/proc/{name}/task")
            for thread in threads:
                with open(f"/proc/{name}/task/{thread}/stat", "rb") as stat:
                    fields = stat.read().rpartition(b") ")[2].split()
                if int(fields[3]) == session:
                    found.setdefault(int(name), []).append(fields[0])
        except OSError:
            pass  # It has just ended.
    return found


def listening(session):
    """The addresses on which processes of a session listen: a family and an address each."""
    owned = set()
    for process in processes(session):
        try:
            for name in os.listdir(f"/proc/{process}/fd"):
                link = os.readlink(f"/proc/{process}/fd/{name}")
                if link.startswith("socket:["):
                    owned.add(link[8:-1].encode())
        except OSError:
            pass
    found = []
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for row in rows(name):
            if row[3] == b"0A" and row[9] in owned:
                host, port = row[1].split(b":")
                words = [host[at : at + 8] for at in range(0, len(host), 8)]
                packed = b"".join(struct.pack("=I", int(word, 16)) for word in words)
                if not any(packed):
                    packed = socket.inet_aton("127.0.0.1") if len(packed) == 4 else bytes(15) + b"\1"
                address = (socket.inet_ntop(family, packed), int(port, 16))
                found.append((int(row[9]), family, address))
    for row in rows("unix"):
        if int(row[3], 16) & 0x10000 and row[6] in owned and len(row) > 7:
            path = row[7]
            path = b"\0" + path[1:] if path.startswith(b"@") else path
            found.append((int(row[6]), socket.AF_UNIX, path))
    return [(family, address) for _, family, address in sorted(found, key=lambda one: one[0])]


class Connection:
    """The peer's end of one connection."""

    def __init__(self, sock):
        self.sock = sock
        self.received = bytearray()
        self.has_ended = False
        self.is_kept = True
        # A program that takes nothing more does not hold up the test for ever.
        seconds = struct.pack("ll", int(WAITS), 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.ports = (sock.getpeername()[1], sock.getsockname()[1])
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        try:
            while data := self.sock.recv(65536):
                self.received += data
        except OSError:
            pass
        self.has_ended = True

    def has_received(self, count):
        return len(self.received) >= count or self.has_ended

    def is_taken(self):
        """Whether the program has taken all that was sent, or is gone."""
        poll = select.poll()
        poll.register(self.sock, 0)
        if poll.poll(0):
            return True
        queued = fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4))
        if struct.unpack("i", queued)[0] != 0:
            return False
        if self.sock.family == socket.AF_UNIX:
            return True
        for row in rows("tcp") + rows("tcp6"):
            ports = tuple(int(end.rpartition(b":")[2], 16) for end in row[1:3])
            if ports == self.ports and int(row[4].partition(b":")[2], 16) != 0:
                return False
        return True

    def send(self, piece):
        try:
            self.sock.sendall(piece)
        except OSError:
            return  # Whether that is right is seen by what it sent.
        if self.is_kept and not wait_until(self.is_taken, WAITS):
            self.is_kept = False
            print("the program does not take a piece: the next one is sent all the same", file=sys.stderr)

    def send_no_more(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Run:
    """One run of the program."""

    def __init__(self, command, steps):
        self.connections = {}
        self.listeners = {}
        self.output = bytearray()
        self.patience = WAITS
        self.hangs = False
        self.is_told = False
        if not IS_SERVER:
            self.listen()
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=theirs,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise NotJudged(f"cannot run {command[0]}: {error}") from error
        os.close(theirs)
        printed = threading.Thread(target=self.read, args=(ours,), daemon=True)
        printed.start()
        complained = threading.Thread(target=self.pass_on, daemon=True)
        complained.start()
        threading.Thread(target=self.feed, daemon=True).start()
        try:
            self.talk(steps)
            self.end()
        finally:
            self.signal(signal.SIGKILL)
            self.process.wait()
            for one in list(self.connections.values()):
                one.sock.close()
            for (family, address), listener in self.listeners.items():
                listener.close()
                if family == socket.AF_UNIX and not address.startswith(b"\0"):
                    os.unlink(address)
        printed.join(WAITS)
        complained.join(WAITS)

    def pass_on(self):
        """Passes on what it writes to standard error until it is told to end: what it says of
        that, such as the traceback of a KeyboardInterrupt, is nobody's mistake."""
        while data := os.read(self.process.stderr.fileno(), 65536):
            if not self.is_told:
                sys.stderr.buffer.write(data)
                sys.stderr.buffer.flush()

    def feed(self):
        try:
            self.process.stdin.write(INPUT)
            self.process.stdin.close()
        except OSError:
            pass

    def read(self, terminal):
        try:
            while data := os.read(terminal, 65536):
                self.output += data
        except OSError:
            pass
        os.close(terminal)

    def wait(self, condition):
        if not wait_until(condition, self.patience):
            self.hangs = True
            self.patience = min(self.patience, 1.0)

    def listen(self):
        for family, address in sorted(set(ADDRESSES.values()), key=str):
            listener = socket.socket(family)
            try:
                if family != socket.AF_UNIX:
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
            except OSError as error:
                raise NotJudged(f"cannot listen on {address}, to which the program connects: {error}")
            listener.listen()
            listener.settimeout(WAITS)
            self.listeners[family, address] = listener

    def connected(self, number):
        """The connection with this number, made now if it is not there."""
        if number not in self.connections:
            self.connections[number] = Connection(self.connect(number))
        return self.connections[number]

    def connect(self, number):
        family, address = ADDRESSES[number]
        if not IS_SERVER:
            sock, _ = self.listeners[family, address].accept()
            sock.settimeout(None)
            return sock
        found = []

        def is_there():
            found[:] = listening(self.process.pid)
            return found or self.process.poll() is not None

        if not wait_until(is_there, WAITS) or not found:
            raise NotJudged("the program does not listen")
        where = (family, address) if (family, address) in found else found[0]
        sock = socket.socket(where[0])
        sock.connect(where[1])
        return sock

    def talk(self, steps):
        for number, after, piece in steps:
            try:
                connection = self.connected(number)
            except OSError:
                continue  # That it is missing is told.
            self.wait(lambda: connection.has_received(after))
            if piece is None:
                connection.send_no_more()
            else:
                connection.send(piece)
        for number, connection in self.connections.items():
            if number in LEFT_OPEN:
                self.wait(lambda: fits(SENT[number], connection.received) or connection.has_ended)
            else:
                self.wait(lambda: connection.has_ended)

    def is_asleep(self):
        states = processes(self.process.pid).values()
        return all(state in (b"S", b"Z", b"I") for threads in states for state in threads)

    def end(self):
        """Waits until the program has ended or, a server, has nothing to do; ends it then."""
        if not IS_SERVER:
            self.wait(lambda: self.process.poll() is not None)
            return
        looks = []

        def is_idle():
            looks.append(self.is_asleep())
            return self.process.poll() is not None or (len(looks) > 20 and all(looks[-20:]))

        self.wait(is_idle)
        self.is_told = True
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            self.signal(number)
            if wait_until(lambda: self.process.poll() is not None, 3.0):
                break

    def signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except OSError:
            pass


def masked(data):
    for mask in MASKS:
        data = re.sub(mask, b"", bytes(data), flags=re.MULTILINE)
    return bytes(data)


def fits(pattern, data):
    return re.fullmatch(pattern, masked(data)) is not None


def is_right(pattern, data, as_is):
    """Whether it is what was observed, or, where the program does something else as is by now,
    what it does then; `as_is` is None where that is asked of the run as is itself."""
    if as_is is None or fits(pattern, as_is):
        return fits(pattern, data)
    return masked(data) == masked(as_is)


def differences(run, as_is):
    """In what a run differs from what the program does as is, a sentence each."""
    for number, pattern in SENT.items():
        connection = run.connections.get(number)
        if connection is None:
            yield f"connection {number} is not made"
            continue
        expected = as_is and as_is.connections[number].received
        if not is_right(pattern, connection.received, expected):
            yield f"on connection {number} it sends {bytes(connection.received)!r}"
        if number not in LEFT_OPEN and not connection.has_ended:
            yield f"connection {number} is left open"
    if run.hangs:
        yield f"it does not go on within {WAITS} s"
    lines = sorted(masked(run.output).splitlines())
    is_reordered = IS_UNORDERED and as_is and lines == sorted(masked(as_is.output).splitlines())
    if not is_right(OUTPUT, run.output, as_is and as_is.output) and not is_reordered:
        yield f"it prints {bytes(run.output)!r}"
    if as_is and run.process.returncode != as_is.process.returncode:
        yield f"it ends with {run.process.returncode} in place of {as_is.process.returncode}"


def cut(steps):
    """The same steps with the cuts of the schedule."""
    offsets = {}
    pieces = []
    for number, after, piece in steps:
        if piece is None:
            pieces.append((number, after, None))
            continue
        start = offsets.get(number, 0)
        end = offsets[number] = start + len(piece)
        if number in GLUED and pieces and pieces[-1][:2] == (number, after) and pieces[-1][2]:
            pieces[-1] = (number, after, pieces[-1][2] + piece)
            continue
        inside = [offset for offset in CUTS.get(number, ()) if start < offset < end]
        for one, other in zip([start, *inside], [*inside, end]):
            pieces.append((number, after, piece[one - start : other - start]))
    return pieces


def main():
    command = sys.argv[1:] or COMMAND
    try:
        as_is = Run(command, STEPS)
        if as_is.hangs or not all(number in as_is.connections for number in SENT):
            raise NotJudged("as is: " + "; ".join(differences(as_is, None)))
        if list(differences(as_is, None)):
            # What was observed does not say what is masked any more: it has to be the same twice.
            found = list(differences(Run(command, STEPS), as_is))
            if found:
                raise NotJudged("it does something else each time as is: " + "; ".join(found))
            print("as is it does something else than it did: that is compared", file=sys.stderr)
        found = list(differences(Run(command, cut(STEPS)), as_is))
    except NotJudged as error:
        print(error, file=sys.stderr)
        return 2
    for difference in found:
        print(f"cut as in {SCHEDULE}: {difference}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
