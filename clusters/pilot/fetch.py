"""How pilot-agent downloads a module over HTTP: attempts, time limits, unpacking.

Facts: pkg/wasm/httpfetcher.go of Istio; what differs between releases is in behaviours.toml.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clusters import waiting
from clusters.pilot import transport
from clusters.pilot.settings import Settings
from clusters.pilot.transport import FetchError, Unanswered

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

__all__ = ["WASM_MAGIC", "FetchError", "fetch", "unbox"]

ATTEMPTS = 5
ATTEMPT_SECONDS = 15.0
FIRST_PAUSE, CONSTANT_PAUSE = 0.5, 0.05
WASM_MAGIC = b"\0asm"
NOT_RETRIED = (501, 505, 511)


@dataclass(frozen=True, slots=True)
class _Retry:
    """An attempt that failed in a way that another attempt may mend."""

    text: str


def fetch(
    url: str, *, timeout: float, behaviours: Behaviours, settings: Settings | None = None
) -> bytes:
    """Return the module at an http(s) URL, unpacked; raise FetchError in the agent's words.

    `timeout` bounds all attempts together, in seconds. A module beyond the size limit is cut off,
    as by the agent: what then becomes of it depends on checksum, wrapping and proxy.
    """
    deadline = time.monotonic() + timeout
    last = ""
    for attempt in range(1, ATTEMPTS + 1):
        got = _attempt(
            url,
            min(deadline, time.monotonic() + ATTEMPT_SECONDS),
            behaviours,
            settings or Settings(),
        )
        if isinstance(got, bytes):
            return unbox(got) if "agent-unboxes-modules" in behaviours else got
        last = got.text
        if time.monotonic() >= deadline:
            raise FetchError(_failed(attempt, _expired(url)))
        pause = _back_off(attempt, behaviours)
        if time.monotonic() + pause >= deadline:
            waiting.pause(max(0.0, deadline - time.monotonic()))
            # One more attempt begins, with no time left for it.
            raise FetchError(_failed(attempt + 1, _expired(url)))
        if attempt < ATTEMPTS:
            waiting.pause(pause)
    raise FetchError(_failed(ATTEMPTS, last))


def _failed(attempts: int, last: str) -> str:
    return f"wasm module download failed after {attempts} attempts, last error: {last}"


def _expired(url: str) -> str:
    return f'Get "{url}": {transport.EXPIRED}'


def _back_off(attempt: int, behaviours: Behaviours) -> float:
    if "agent-fetch-constant-backoff" in behaviours:
        return CONSTANT_PAUSE
    return FIRST_PAUSE * 2.0 ** (attempt - 1)


def _attempt(
    url: str, deadline: float, behaviours: Behaviours, settings: Settings
) -> bytes | _Retry:
    try:
        answer = transport.get(
            url,
            deadline=deadline,
            limit=settings.size_limit if "agent-limits-module-size" in behaviours else None,
            verify=not settings.insecure(urlsplit(url).netloc),
        )
    except Unanswered as error:
        return _Retry(f'Get "{url}": {error}')
    if answer.status == 200:
        return answer.body
    text = f"wasm module download request failed: status code {answer.status}"
    if answer.status >= 500 and answer.status not in NOT_RETRIED:
        return _Retry(text)
    raise FetchError(_failed(1, text))


def unbox(body: bytes) -> bytes:
    """Return the module inside any layers of gzip and tar; the original bytes if there is none."""
    inner = body
    while not inner.startswith(WASM_MAGIC):
        opened = _open_layer(inner)
        if opened is None:
            return body
        inner = opened
    return inner


def _open_layer(body: bytes) -> bytes | None:
    try:
        if body.startswith(b"\x1f\x8b"):
            return gzip.decompress(body)
        if body[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(body)) as archive:
                first = archive.next()
                entry = archive.extractfile(first) if first else None
                return entry.read() if entry else None
    except (OSError, EOFError, tarfile.TarError, zlib.error):
        return None
    return None
