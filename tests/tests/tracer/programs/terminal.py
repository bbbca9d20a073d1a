"""Runs a script of bash on a terminal of its own: waits for a text, types, waits for the
next. Prints all that was shown, and the exit code."""

import os
import pty
import signal
import sys

script, *steps = sys.argv[1:]
process, terminal = pty.fork()
if process == 0:
    # What whoever runs the tests ignores (a shell's job in the background ignores SIGINT).
    for ignored in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(ignored, signal.SIG_DFL)
    os.execvp("bash", ["bash", "-c", script])
shown = b""


def read():
    global shown
    try:
        more = os.read(terminal, 1000)
    except OSError:
        more = b""
    shown += more
    return more


at = 0
for wanted, typed in zip(steps[::2], steps[1::2]):
    while (found := shown.find(wanted.encode(), at)) < 0:
        if not read():
            sys.exit(f"no {wanted!r} in {shown!r}")
    at = found + len(wanted)
    os.write(terminal, typed.encode())
while read():
    pass
_, status = os.waitpid(process, 0)
print(shown.decode(errors="replace"))
print("code", os.waitstatus_to_exitcode(status))
