"""Strips TLS: passes connections to a server on, from an address of its own.

plain.py HOST:PORT SOURCE CERTIFICATE NAME prints "listening PORT" of 127.0.0.1.
The server's certificate has to be CERTIFICATE, for NAME.

All of it is one thread's work: two threads must not use one TLS connection at once.
"""

import asyncio
import ssl
import sys

host, port = sys.argv[1].rsplit(":", 1)
source, certificate, name = sys.argv[2:]
context = ssl.create_default_context(cafile=certificate)


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass


async def serve(reader, writer):
    try:
        secure_reader, secure_writer = await asyncio.open_connection(
            host, int(port), ssl=context, server_hostname=name, local_addr=(source, 0)
        )
    except OSError as error:
        print(error, file=sys.stderr)
        writer.close()
        return
    ways = [
        asyncio.create_task(copy(reader, secure_writer)),
        asyncio.create_task(copy(secure_reader, writer)),
    ]
    # Both ways end together: TLS connections have no half-close here.
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    for end in (writer, secure_writer):
        end.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
