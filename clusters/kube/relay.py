"""The far end of the tunnel: a program for a pod that needs nothing but Python's own library.

Who connects to a port of the pod is passed on, through one connection that the run holds, to the
machine of the run: many streams over one connection, each with a window of its own, so that a slow
one holds up nobody. The near end (tunnel.py) speaks by the same classes.

A frame is a type, the number of a stream, a length and so many bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: HELLO: the far end is there. LISTEN, DEAF (near to far): begin or cease to listen for a port of
#: the near machine; LISTENING: the answer, with the pod's own port, 0 where it could not. OPEN:
#: somebody connected. Then DATA, CREDIT (so many bytes were taken), END (one half is over), RESET.
HELLO, LISTEN, DEAF, LISTENING, OPEN, DATA, CREDIT, END, RESET = range(9)
HEADER = struct.Struct("!BII")
NUMBER = struct.Struct("!I")
PORTS = struct.Struct("!HH")
WINDOW, CHUNK = 1 << 20, 1 << 16
#: Only this pod's own loopback; who holds the tunnel comes through the Kubernetes API.
CONTROL = 6999
#: Below what a kernel takes for outgoing connections, which could be in the way.
FIRST_PORT, LAST_PORT = 20000, 32000
#: A relay that nobody held for so long belongs to a run that crashed.
FORSAKEN_SECONDS = 600.0


class Stream:
    """One connection, of which the other end is at the other end of the tunnel."""

    def __init__(self, number: int, send: Callable[..., None]) -> None:
        self.number = number
        self._send = send
        self._window = WINDOW
        self._credited = asyncio.Event()
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def begin(self, work: Awaitable[None]) -> None:
        """Let work on the stream go on beside everything else."""
        self._task = asyncio.ensure_future(work)

    def stop(self) -> None:
        """End it here; the other end has been told, or has told."""
        if self._task is not None:
            self._task.cancel()

    def take(self, kind: int, payload: bytes) -> None:
        """Take a frame of this stream into account."""
        if kind == DATA:
            self._arrived.put_nowait(payload)
        elif kind == END:
            self._arrived.put_nowait(b"")
        elif kind == CREDIT:
            self._window += NUMBER.unpack(payload)[0]
            self._credited.set()
        elif kind == RESET:
            self.stop()

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways until both have ended; a connection that breaks is reset."""
        halves = [
            asyncio.ensure_future(one) for one in (self._outwards(reader), self._inwards(writer))
        ]
        try:
            await asyncio.gather(*halves)
            writer.close()
        except (OSError, asyncio.CancelledError) as error:
            for half in halves:
                half.cancel()
            if isinstance(error, OSError):
                self._send(RESET, self.number)
            reset(writer)

    async def _outwards(self, reader: asyncio.StreamReader) -> None:
        while True:
            data = await reader.read(CHUNK)
            if not data:
                self._send(END, self.number)
                return
            while self._window <= 0:
                self._credited.clear()
                await self._credited.wait()
            self._window -= len(data)
            self._send(DATA, self.number, data)

    async def _inwards(self, writer: asyncio.StreamWriter) -> None:
        while True:
            data = await self._arrived.get()
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
            self._send(CREDIT, self.number, NUMBER.pack(len(data)))


def reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection in the way that the other side notices as a reset."""
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError, ValueError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class End:
    """One end of the tunnel over an open connection; `handle` gets what is no stream's."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handle: Callable[[int, int, bytes], None],
    ) -> None:
        self._reader, self._writer = reader, writer
        self._handle = handle
        self.streams: dict[int, Stream] = {}

    def send(self, kind: int, number: int = 0, payload: bytes = b"") -> None:
        """Send a frame."""
        self._writer.write(HEADER.pack(kind, number, len(payload)) + payload)

    async def carry(self, number: int, connected: Awaitable[Any]) -> None:
        """Serve a stream whose connection (reader, writer) is there, or comes, or fails to."""
        try:
            reader, writer = await connected
        except OSError:
            self.send(RESET, number)
            self.streams.pop(number, None)
            raise
        try:
            await self.streams[number].join(reader, writer)
        finally:
            self.streams.pop(number, None)

    async def run(self) -> None:
        """Read frames until the tunnel ends; then every stream ends too."""
        try:
            while True:
                header = await self._reader.readexactly(HEADER.size)
                kind, number, length = HEADER.unpack(header)
                payload = await self._reader.readexactly(length)
                if kind in (DATA, CREDIT, END, RESET):
                    if number in self.streams:
                        self.streams[number].take(kind, payload)
                else:
                    self._handle(kind, number, payload)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            for stream in list(self.streams.values()):
                stream.stop()
            self._writer.close()


class Relay:
    """What runs in the pod: listens for the one who holds the tunnel."""

    def __init__(self, host: str | None = None) -> None:
        self._host = host  # None is every address that the pod has
        self._end: End | None = None
        self._servers: dict[int, asyncio.AbstractServer] = {}
        self._own: dict[int, int] = {}  # the near machine's port -> the pod's, once and for all
        self._numbers = 0
        self._tasks: set[Any] = set()

    async def held(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve who holds the tunnel; another one that still does has lost it."""
        if self._end is not None:
            reset(self._end._writer)
        end = self._end = End(reader, writer, self._told)
        end.send(HELLO)
        await end.run()
        if self._end is end:
            self._end = None
            for port in list(self._servers):
                self._deaf(port)

    @property
    def forsaken(self) -> bool:
        """Tell whether nobody holds the tunnel."""
        return self._end is None

    def _told(self, kind: int, number: int, payload: bytes) -> None:
        if kind == LISTEN:
            task = asyncio.ensure_future(self._listen(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif kind == DEAF:
            self._deaf(number)

    async def _listen(self, port: int) -> None:
        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            end = self._end
            if end is None:
                reset(writer)
                return
            self._numbers += 1
            number = self._numbers
            end.streams[number] = stream = Stream(number, end.send)
            end.send(OPEN, number, PORTS.pack(port, 0))

            async def ready() -> Any:
                return reader, writer

            stream.begin(end.carry(number, ready()))

        wanted = [self._own[port]] if port in self._own else range(FIRST_PORT, LAST_PORT)
        if port not in self._servers:
            for own in wanted:
                if port not in self._own and own in self._own.values():
                    continue
                with contextlib.suppress(OSError):
                    self._servers[port] = await asyncio.start_server(
                        accepted, self._host, own, backlog=512
                    )
                    self._own[port] = own
                    break
        own = self._own[port] if port in self._servers else 0
        if self._end is not None:
            self._end.send(LISTENING, 0, PORTS.pack(port, own))

    def _deaf(self, port: int) -> None:
        server = self._servers.pop(port, None)
        if server is not None:
            server.close()


async def serve(
    control: int, host: str | None = None, *, forsaken: float = FORSAKEN_SECONDS
) -> None:
    """Serve on the pod's loopback port until nobody held the tunnel for `forsaken` seconds."""
    relay = Relay(host)
    async with await asyncio.start_server(relay.held, "127.0.0.1", control) as server:
        print("listening on", server.sockets[0].getsockname()[1], flush=True)
        alone, step = 0.0, min(1.0, forsaken / 4)
        while alone < forsaken:
            await asyncio.sleep(step)
            alone = alone + step if relay.forsaken else 0.0


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:3]))
