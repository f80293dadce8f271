"""How pilot-agent downloads a module over HTTP: attempts, time limits, unpacking.

Facts: pkg/wasm/httpfetcher.go of Istio; what differs between releases is in behaviours.toml.
"""

from __future__ import annotations

import io
import tarfile
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clusters import waiting
from clusters.pilot import go_url, transport
from clusters.pilot.settings import Settings
from clusters.pilot.transport import FetchError, Unanswered

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

__all__ = ["FetchError", "fetch", "is_wasm", "unbox"]

ATTEMPTS = 5
ATTEMPT_SECONDS = 15.0
#: In the middle of what the agent waits by chance: half as long to half as long again.
FIRST_PAUSE, GROWTH, CONSTANT_PAUSE = 0.5, 1.5, 0.05
WASM_MAGIC, GZIP_MAGIC, TAR_MAGIC = b"\0asm", b"\x1f\x8b", b"ustar"
#: The magic number and the version.
HEADER_BYTES = 8
NOT_RETRIED = (501, 505, 511)


@dataclass(frozen=True, slots=True)
class _Failed:
    """An attempt that failed; `again` says that another attempt may mend it.

    `unanswered` says that there was no answer at all, which is the last word if the time is up.
    """

    text: str
    again: bool = True
    unanswered: bool = False


def fetch(
    url: str, *, timeout: float, behaviours: Behaviours, settings: Settings | None = None
) -> bytes:
    """Return the module at an http(s) URL, unpacked; raise FetchError in the agent's words.

    `timeout` bounds all attempts together, in seconds. A module beyond the size limit is cut off,
    as by the agent: what then becomes of it depends on checksum, wrapping and proxy.
    """
    url = go_url.asked(url)
    settings = settings or Settings()
    limit = settings.size_limit if "agent-limits-module-size" in behaviours else None
    verify = not settings.insecure(urlsplit(url).netloc)
    deadline = time.monotonic() + timeout
    attempt = 1
    while True:
        got = _attempt(url, min(deadline, time.monotonic() + ATTEMPT_SECONDS), limit, verify)
        if isinstance(got, bytes):
            return unbox(got, limit) if "agent-unboxes-modules" in behaviours else got
        over = got.unanswered and time.monotonic() >= deadline
        if over or not got.again or attempt == ATTEMPTS:
            raise FetchError(
                f"wasm module download failed after {attempt} attempts, last error: {got.text}"
            )
        # Where the time is up before, another attempt begins, and ends at once.
        waiting.pause(min(_back_off(attempt, behaviours), _left(deadline)))
        attempt += 1


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _back_off(attempt: int, behaviours: Behaviours) -> float:
    if "agent-fetch-constant-backoff" in behaviours:
        return CONSTANT_PAUSE
    return float(FIRST_PAUSE * GROWTH ** (attempt - 1))


def _attempt(url: str, deadline: float, limit: int | None, verify: bool) -> bytes | _Failed:
    try:
        answer = transport.get(url, deadline=deadline, limit=limit, verify=verify)
    except Unanswered as error:
        return _Failed(f'Get "{error.url}": {error}', unanswered=True)
    if answer.status == 200:
        return answer.body
    return _Failed(
        f"wasm module download request failed: status code {answer.status}",
        again=answer.status >= 500 and answer.status not in NOT_RETRIED,
    )


def is_wasm(body: bytes) -> bool:
    """Tell whether bytes begin as a module does; its version is not looked at."""
    return len(body) >= HEADER_BYTES and body.startswith(WASM_MAGIC)


def unbox(body: bytes, limit: int | None = None) -> bytes:
    """Return the module inside any layers of gzip and tar; the original bytes if there is none.

    What is larger than `limit` when unpacked is cut off, which an archive does not survive.
    """
    inner = body
    while not is_wasm(inner):
        opened = _open_layer(inner, limit)
        if opened is None:
            return body
        inner = opened
    return inner


def _open_layer(body: bytes, limit: int | None) -> bytes | None:
    try:
        if body.startswith(GZIP_MAGIC):
            return _gunzip(body, limit)
        if body[257:262] == TAR_MAGIC:
            with tarfile.open(fileobj=io.BytesIO(body[:limit]), mode="r:") as archive:
                first = archive.next()
                entry = archive.extractfile(first) if first else None
                return entry.read() if entry else None
    except (OSError, EOFError, tarfile.TarError, zlib.error):
        return None
    return None


def _gunzip(body: bytes, limit: int | None) -> bytes:
    """Return what is in one gzip after the other; not even zeros may follow, as for the agent."""
    found = io.BytesIO()
    while body:
        opened = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        found.write(opened.decompress(body, 0 if limit is None else limit - found.tell()))
        if limit is not None and found.tell() >= limit:
            break
        if not opened.eof:
            raise EOFError
        body = opened.unused_data
    return found.getvalue()
