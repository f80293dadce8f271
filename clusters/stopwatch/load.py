"""What is sent to every arm, and what its answer must look like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "gateway.example"
PATH = "/productpage"
#: The access log notes it: which block a request belongs to.
TAG = "x-b"

_HEAD = re.compile(rb"HTTP/1\.1 (\d{3})[^\r]*\r\n(.*?\r\n)\r\n(.*)", re.DOTALL)
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_CHUNKED = re.compile(rb"^transfer-encoding: *chunked", re.IGNORECASE | re.MULTILINE)
_BODILESS = (b"204", b"304")


class Refusal(Protocol):
    """A request that a filter answers by `status`, and that is let through without one."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Return its header lines."""

    @property
    def status(self) -> int:
        """Return the status that the filter answers with."""


class Load(Protocol):
    """The request that is timed, and how it is seen that the filter acts.

    Without an effect and a refusal nothing is promised, and every answer must be like the first.
    """

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the header lines of the timed request."""

    @property
    def effect(self) -> str:
        """Return the header line, "hello: world", that only a filter's answers carry; or ""."""

    @property
    def refusal(self) -> Refusal | None:
        """Return a request that is sent beside the timed ones in every block, never timed."""


def promises(load: Load) -> bool:
    """Tell whether an answer can show that a filter acts."""
    return bool(load.effect or load.refusal)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer must be: its status, None for whatever the first one has, and its effect."""

    status: int | None
    present: bytes = b""
    absent: bytes = b""

    def accepts(self, status: int, head: bytes) -> bool:
        """Tell whether an answer with this status and these header lines is a good one."""
        lines = head.lower()
        return (
            (status < 500 if self.status is None else status == self.status)
            and (not self.present or self.present in lines)
            and (not self.absent or self.absent not in lines)
        )


def timed(load: Load, *, acting: bool) -> Answer:
    """Return what the timed request must be answered with by an arm, with or without a filter."""
    if acting and not promises(load):
        return Answer(None)
    line = f"{load.effect.lower()}\r\n".encode() if load.effect else b""
    return Answer(200, present=line) if acting else Answer(200, absent=line)


def refused(refusal: Refusal, *, acting: bool) -> Answer:
    """Return what the refused request must be answered with by an arm."""
    return Answer(refusal.status if acting else 200)


def request(headers: Mapping[str, str], tag: str, *, host: str = HOST) -> bytes:
    """Return a request as it goes over the wire; `tag` ends up in the access log."""
    lines = [f"GET {PATH} HTTP/1.1", f"host: {host}", f"{TAG}: {tag}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer: status, header lines, and the length of its body."""

    status: int
    head: bytes
    length: int


def read(data: bytes) -> Response | None:
    """Return the answer that these bytes are, None as long as some are missing."""
    if (match := _HEAD.fullmatch(data)) is None:
        return None
    status, head, body = match.groups()
    if declared := _LENGTH.search(head):
        whole = len(body) == int(declared[1])
    elif _CHUNKED.search(head):
        whole = body.endswith(b"0\r\n\r\n")
    else:
        whole = status in _BODILESS
    return Response(int(status), head, len(body)) if whole else None
