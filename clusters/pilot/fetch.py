"""How pilot-agent downloads a module over HTTP: attempts, time limits, unpacking.

Facts: pkg/wasm/httpfetcher.go of Istio; what differs between releases is in behaviours.toml.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import waiting

if TYPE_CHECKING:
    import http.client

    from clusters.pilot.behaviours import Behaviours

ATTEMPTS = 5
ATTEMPT_SECONDS = 15.0
FIRST_PAUSE, CONSTANT_PAUSE = 0.5, 0.05
CHUNK = 1 << 16
SIZE_LIMIT = 256 << 20
WASM_MAGIC = b"\0asm"
NOT_RETRIED = (501, 505, 511)


class FetchError(Exception):
    """A module could not be downloaded; the text is the agent's."""


@dataclass(frozen=True, slots=True)
class _Retry:
    """An attempt that failed in a way that another attempt may mend."""

    text: str


# No proxy from the environment: it must not divert loopback traffic.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url: str, *, timeout: float, behaviours: Behaviours) -> bytes:
    """Return the module at an http(s) URL, unpacked; raise FetchError in the agent's words.

    `timeout` bounds all attempts together, in seconds.
    """
    deadline = time.monotonic() + timeout
    last = ""
    for attempt in range(1, ATTEMPTS + 1):
        got = _attempt(url, min(deadline, time.monotonic() + ATTEMPT_SECONDS), behaviours)
        if isinstance(got, bytes):
            return unbox(got) if "agent-unboxes-modules" in behaviours else got
        last = got.text
        pause = _back_off(attempt, behaviours)
        if time.monotonic() + pause >= deadline:
            waiting.pause(max(0.0, deadline - time.monotonic()))
            raise FetchError(
                f"wasm module download failed after {attempt} attempts, last error: "
                f"context deadline exceeded ({last})"
            )
        if attempt < ATTEMPTS:
            waiting.pause(pause)
    raise FetchError(f"wasm module download failed after {ATTEMPTS} attempts, last error: {last}")


def _back_off(attempt: int, behaviours: Behaviours) -> float:
    if "agent-fetch-constant-backoff" in behaviours:
        return CONSTANT_PAUSE
    return FIRST_PAUSE * 2.0 ** (attempt - 1)


def _attempt(url: str, deadline: float, behaviours: Behaviours) -> bytes | _Retry:
    limit = SIZE_LIMIT if "agent-limits-module-size" in behaviours else None
    try:
        with _OPENER.open(url, timeout=max(0.001, deadline - time.monotonic())) as answer:
            return _read(answer, deadline, limit)
    except urllib.error.HTTPError as error:
        text = f"wasm module download request failed: status code {error.code}"
        if error.code >= 500 and error.code not in NOT_RETRIED:
            return _Retry(text)
        raise FetchError(
            f"wasm module download failed after 1 attempts, last error: {text}"
        ) from error
    except (OSError, EOFError) as error:
        return _Retry(f"wasm module download request failed: {error}")


def _read(answer: http.client.HTTPResponse, deadline: float, limit: int | None) -> bytes:
    body = io.BytesIO()
    while chunk := answer.read1(CHUNK):
        body.write(chunk)
        if limit is not None and body.tell() > limit:
            raise FetchError(f"wasm module exceeds the limit of {limit} bytes")
        if time.monotonic() > deadline:
            raise FetchError("context deadline exceeded")
    announced = answer.headers.get("content-length")
    if announced is not None and body.tell() < int(announced):
        # Only a failed request is tried again, not a body that breaks off.
        raise FetchError("unexpected EOF")
    return body.getvalue()


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
