"""Paths and hosts as the most careless application might read them.

A rule covers a request if any such reading of it is covered: what slips past a rule must not mean
the same thing to the application behind the gateway.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def path_covered(match: str, pattern: str, path: str) -> bool:
    """Tell whether a rule's path covers any reading of a request's path without its query."""
    wanted = pattern.lower()
    found = readings(path)
    if match == "prefix":
        return any(reading.startswith(wanted) for reading in found)
    if match == "suffix":
        return any(reading.endswith(wanted) for reading in found)
    return wanted in found


def readings(path: str) -> frozenset[str]:
    """Return everything that a path can become when it is tidied, in any order and repeatedly."""
    start = re.sub(r"^[a-z]+://[^/]*", "", path, flags=re.IGNORECASE)
    start = _without_query(start).lower()
    found = {start}
    waiting = [start]
    while waiting:
        reading = waiting.pop()
        new = {tidy(reading) for tidy in TIDINGS} - found
        found |= new
        waiting += new
    return frozenset(found)


def _without_query(path: str) -> str:
    return re.split(r"[?#]", path, maxsplit=1)[0]


def _without_dots(path: str) -> str:
    tidied = posixpath.normpath(path) if path else ""
    kept = "/" if path.endswith("/") and tidied != "/" else ""
    return tidied.replace("//", "/", 1) + kept


TIDINGS: tuple[Callable[[str], str], ...] = (
    lambda path: unquote(path, errors="ignore").lower(),
    lambda path: path.replace("%c0%af", "/"),  # a slash in overlong UTF-8
    lambda path: path.replace("\\", "/"),
    lambda path: re.sub(r";[^/]*", "", path),
    lambda path: re.sub(r"/+", "/", path),
    lambda path: re.sub(r"/(\./)+", "/", path),
    _without_dots,
    _without_query,
    lambda path: path.rstrip("/"),
)


def host_covered(patterns: Iterable[str], authority: str) -> bool:
    """Tell whether one of the patterns covers a host; none covers all, no host is any host."""
    host = re.sub(r"^.*@", "", authority).lower()
    host = re.sub(r"(?<!:):[^:\]]*$", "", host).rstrip(".")
    listed = [pattern.lower() for pattern in patterns]
    return not listed or not host or any(_matches(pattern, host) for pattern in listed)


def _matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return host.startswith(pattern[:-1]) if pattern.endswith("*") else host == pattern
