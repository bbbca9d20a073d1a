"""Decodes and encodes what its input says, each line with the module that it names."""

import importlib
import sys


def unhex(text):
    return b"" if text == "-" else bytes.fromhex(text)


def tohex(data):
    return data.hex() or "-"


def decode(module, chunks):
    said = []

    def refused(error):
        said.append(f"error {error.kind} {error.offset} {error}")

    goes_on = module.Decoder.__init__.__code__.co_argcount > 1
    decoder = module.Decoder(*[refused] if goes_on else [])
    try:
        for word in chunks:
            if word.startswith("~"):
                decoder.idle()  # nobody asks what is complete with that
            chunk = unhex(word.lstrip("~"))
            # An empty chunk is a silence, where that means something.
            is_silence = not chunk and hasattr(decoder, "idle")
            for message in decoder.idle() if is_silence else decoder.feed(chunk):
                said.append("m:" + tohex(message))
            reply = decoder.reply() if hasattr(decoder, "reply") else b""
            if reply:
                said.append("r:" + tohex(reply))
                for message in decoder.feed(b""):
                    said.append("m:" + tohex(message))
            said.append("/")
        for message in decoder.finish() or ():
            said.append("m:" + tohex(message))
        said.append("ok")
    except module.FrameError as error:
        refused(error)
    return " ".join(said)


def encode(module, message):
    try:
        return "ok " + tohex(module.encode(unhex(message)))
    except ValueError:
        return "refused"


for line in sys.stdin:
    task, number, *rest = line.split()
    module = importlib.import_module("m" + number)
    print(decode(module, rest) if task == "D" else encode(module, rest[0]))
