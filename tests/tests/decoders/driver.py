"""Decodes and encodes what its input says, each line with the module that it names."""

import importlib
import sys


def unhex(text):
    return b"" if text == "-" else bytes.fromhex(text)


def tohex(data):
    return data.hex() or "-"


def decode(module, chunks):
    said = []
    decoder = module.Decoder()
    try:
        for chunk in chunks:
            for message in decoder.feed(unhex(chunk)):
                said.append("m:" + tohex(message))
            said.append("/")
        for message in decoder.finish() or ():
            said.append("m:" + tohex(message))
        said.append("ok")
    except module.FrameError as error:
        said.append(f"error {error.kind} {error.offset} {error}")
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
