"""Runs a program on a terminal of its own (a pty), where it thinks a person is.

    terminal.py talk PROMPT LINE REPLY -- COMMAND...
        waits for PROMPT, types LINE, waits for REPLY and the next PROMPT,
        types Ctrl-D, prints the exit status
    terminal.py show -- COMMAND...
        prints what the program showed, as a Python literal

Exit status 1 and a traceback: what was waited for did not come.
"""

import os
import pty
import select
import sys
import time

PATIENCE = 30


class Terminal:
    def __init__(self, command):
        self.child, self.master = pty.fork()
        if self.child == 0:
            os.execvp(command[0], command)
        self.shown = b""
        self.deadline = time.monotonic() + PATIENCE

    def more(self):
        """Reads what comes next; False at the end."""
        left = max(0, self.deadline - time.monotonic())
        ready, _, _ = select.select([self.master], [], [], left)
        assert ready, f"not in time, after {self.shown!r}"
        try:
            chunk = os.read(self.master, 65536)
        except OSError:
            # Linux: the program has gone and closed its side.
            return False
        self.shown += chunk
        return bool(chunk)

    def wait_for(self, text):
        """Waits for `text`, and forgets what was shown up to its end."""
        while text.encode() not in self.shown:
            assert self.more(), f"no {text!r} in {self.shown!r}"
        self.shown = self.shown.split(text.encode(), 1)[1]

    def status(self):
        while self.more():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])


def talk(prompt, line, reply, *command):
    terminal = Terminal(command)
    terminal.wait_for(prompt)
    os.write(terminal.master, line.encode() + b"\n")
    # The terminal itself shows what is typed.
    terminal.wait_for(line)
    terminal.wait_for(reply)
    terminal.wait_for(prompt)
    os.write(terminal.master, b"\x04")
    print(terminal.status())


def show(*command):
    terminal = Terminal(command)
    assert terminal.status() == 0, terminal.shown
    print(ascii(terminal.shown.decode()))


if __name__ == "__main__":
    role, *arguments = sys.argv[1:]
    arguments.remove("--")
    globals()[role](*arguments)
