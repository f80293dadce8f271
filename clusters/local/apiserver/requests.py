"""One request and its answer, apart from how they travel."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters.local.apiserver.statuses import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT_BYTES = 3 * 1024 * 1024
"""The largest body, as a real API server has it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks; header names are in lower case, a repeated parameter counts once."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """Return the media type of the body, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def manager(self) -> str:
        """Return who writes: the field manager named, or else what the User-Agent begins with."""
        agent = self.headers.get("user-agent", "").partition("/")[0]
        return self.query.get("fieldManager") or agent or "unknown"

    def flag(self, name: str) -> bool:
        """Return a parameter that is true or false; raises ApiError (400) for anything else."""
        text = self.query.get(name, "false").lower()
        if text not in ("true", "1", "false", "0", ""):
            raise ApiError(400, f"the parameter {name} is true or false, not {text!r}")
        return text in ("true", "1")

    def number(self, name: str) -> int | None:
        """Return a parameter that is a whole number; raises ApiError (400) for anything else."""
        text = self.query.get(name, "")
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise ApiError(400, f"the parameter {name} is a whole number, not {text!r}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says: a status code, a JSON object, and warnings for whoever wrote."""

    code: int
    body: Mapping[str, Any]
    warnings: tuple[str, ...] = field(default=())

    def encoded(self) -> bytes:
        """Return the body as it travels."""
        return json.dumps(self.body, separators=(",", ":")).encode() + b"\n"
