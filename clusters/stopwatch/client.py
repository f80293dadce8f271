"""A client that keeps a few connections busy and looks at every answer.

The clock is the proxy's; the client only has to keep the load steady and to miss nothing.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clusters.stopwatch import load

if TYPE_CHECKING:
    from clusters.stopwatch.load import Answer

#: A worker that compiles something for another arm answers nobody meanwhile.
ANSWER_SECONDS = 10
_PACKET = 65536


@dataclass(frozen=True, slots=True)
class Sent:
    """How many requests a burst sent, and how many answers were bad or did not come."""

    requests: int
    bad: int
    missing: int


@dataclass(slots=True)
class Client:
    """Kept connections to one arm. `complaint` is the first bad answer, in words."""

    name: str
    address: tuple[str, int]
    connections: int
    complaint: str = ""
    _sockets: list[socket.socket] = field(default_factory=list)
    _good: dict[Answer, bytes] = field(default_factory=dict)
    _first: dict[Answer, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sockets = [self._connect() for _ in range(self.connections)]

    def burst(self, request: bytes, waves: int, answer: Answer) -> Sent:
        """Send waves of one request per connection; every wave waits for all of its answers."""
        bad = missing = 0
        # Only the date changes, once a second: nearly every answer is the last one again.
        good = self._good.get(answer, b"")
        for _ in range(waves):
            for connection in self._sockets:
                connection.sendall(request)
            for index, connection in enumerate(self._sockets):
                try:
                    data = connection.recv(_PACKET)
                    if data == good:
                        continue
                    data = self._rest(connection, data)
                except OSError as error:
                    missing += 1
                    self._replace(index, f"no answer: {error}")
                    continue
                if self._accepts(data, answer):
                    good = data
                else:
                    bad += 1
        self._good[answer] = good
        return Sent(waves * self.connections, bad, missing)

    def close(self) -> None:
        """Let go of the connections."""
        for connection in self._sockets:
            connection.close()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self.address, timeout=ANSWER_SECONDS)
        # Python's own timeout asks the kernel twice for each answer.
        connection.settimeout(None)
        limit = struct.pack("@ll", ANSWER_SECONDS, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _replace(self, index: int, complaint: str) -> None:
        self.complaint = self.complaint or complaint
        self._sockets[index].close()
        self._sockets[index] = self._connect()

    def _rest(self, connection: socket.socket, data: bytes) -> bytes:
        while load.read(data) is None:
            if not (more := connection.recv(_PACKET)):
                raise ConnectionError(f"the connection was closed after {len(data)} bytes")
            data += more
        return data

    def _accepts(self, data: bytes, answer: Answer) -> bool:
        response = load.read(data)
        assert response is not None
        seen = response.status, response.length
        good = answer.accepts(response.status, response.head + b"\r\n")
        if good and self._first.setdefault(answer, seen) == seen:
            return True
        shown = data.split(b"\r\n\r\n")[0].decode("latin-1").replace("\r\n", "; ")
        self.complaint = self.complaint or f"{shown}; {response.length} bytes of body"
        return False
