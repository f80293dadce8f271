"""The near end of the tunnel: what listens on this machine's loopback, reached from pods.

Nothing is opened here: this side holds one connection to the relay in its pod. Only ports that
were named with `reach` can be reached; what the relay asks for beyond them is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from clusters.kube.relay import DEAF, HELLO, LISTEN, LISTENING, OPEN, PORTS, RESET, End, Stream

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_SECONDS = 20.0
#: A connection that came before the relay listened stays silent for good; the next one does not.
HELLO_SECONDS = 3.0
LOOPBACKS = ("127.0.0.1", "::1")


class TunnelBroken(Exception):
    """Nothing of this machine can be reached from the cluster any more."""


class Tunnel:
    """The tunnel to a relay, over a connection that `connect` opens; close it when done."""

    def __init__(self, connect: Callable[[], socket.socket], *, name: str) -> None:
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._there: Future[None] = Future()
        self._allowed: set[int] = set()
        self._asked: dict[int, Future[int]] = {}
        self._end: End | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.broken = ""
        self._thread = threading.Thread(target=self._run, args=(connect,), daemon=True, name=name)
        self._thread.start()
        try:
            self._there.result(HELLO_SECONDS)
        except TimeoutError as error:
            self.close()
            raise TunnelBroken(
                f"the relay {name} did not answer within {HELLO_SECONDS:g} s"
            ) from error

    def reach(self, port: int) -> int:
        """Return the relay's port that leads to a port of this machine's loopback.

        Where nobody listens on it now, nobody listens on the relay's either, so that who connects
        is refused in the same way. Raises TunnelBroken.
        """
        self.check()
        answer = self._asked[port] = Future()
        self._allowed.add(port)
        self._loop.call_soon_threadsafe(self._send, LISTEN, port)
        try:
            own = answer.result(ANSWER_SECONDS)
        except TimeoutError as error:
            self.check()
            raise TunnelBroken(
                f"the relay {self._name} did not say within {ANSWER_SECONDS:g} s where it listens "
                f"for port {port}"
            ) from error
        if not _listening(port):
            self._loop.call_soon_threadsafe(self._send, DEAF, port)
        if not own:
            raise TunnelBroken(f"the relay {self._name} has no port left for port {port}")
        return own

    def check(self) -> None:
        """Raise TunnelBroken if the relay is gone."""
        if self.broken:
            raise TunnelBroken(f"the tunnel to the relay {self._name} broke: {self.broken}")

    def close(self) -> None:
        """Give up the tunnel and every connection in it."""
        with contextlib.suppress(RuntimeError):  # its loop is closed: it broke before
            self._loop.call_soon_threadsafe(self._stop)
        self._thread.join()

    def _stop(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    def _run(self, connect: Callable[[], socket.socket]) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._hold(connect))
        except asyncio.CancelledError:
            self.broken = "it was closed"
        except Exception as error:  # whatever it is, those who wait must hear of it
            self.broken = str(error) or type(error).__name__
            if not self._there.done():
                self._there.set_exception(TunnelBroken(self.broken))
        self._loop.run_until_complete(self._rest())
        self._loop.close()

    async def _rest(self) -> None:
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _hold(self, connect: Callable[[], socket.socket]) -> None:
        connection = connect()
        connection.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=connection)
        self._end = End(reader, writer, self._told)
        await self._end.run()
        raise TunnelBroken("the relay closed it")

    def _send(self, kind: int, number: int) -> None:
        if self._end is not None:
            self._end.send(kind, number)

    def _told(self, kind: int, number: int, payload: bytes) -> None:
        if kind == HELLO:
            self._there.set_result(None)
        elif kind == LISTENING:
            port, own = PORTS.unpack(payload)
            if (asked := self._asked.pop(port, None)) is not None:
                asked.set_result(own)
        elif kind == OPEN:
            self._opened(number, PORTS.unpack(payload)[0])

    def _opened(self, number: int, port: int) -> None:
        assert self._end is not None
        if port not in self._allowed:
            self._end.send(RESET, number)
            return
        self._end.streams[number] = stream = Stream(number, self._end.send)
        stream.begin(self._carry(number, port))

    async def _carry(self, number: int, port: int) -> None:
        assert self._end is not None
        try:
            await self._end.carry(number, _connected(port))
        except OSError:
            self._send(DEAF, port)  # the next ones are refused at once


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for host in LOOPBACKS[:-1]:
        try:
            return await asyncio.open_connection(host, port)
        except OSError:
            continue
    return await asyncio.open_connection(LOOPBACKS[-1], port)


def _listening(port: int) -> bool:
    for host in LOOPBACKS:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            continue
        return True
    return False
