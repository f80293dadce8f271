"""Paths and hosts as the published plugin compares them: character by character.

Source: istio-ecosystem/wasm-extensions, extensions/basic_auth/plugin.cc, the path and host parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def path_covered(match: str, pattern: str, path: str) -> bool:
    """Tell whether a rule's path covers a request's, query included, letter case counting."""
    if match == "prefix":
        return path.startswith(pattern)
    return path.endswith(pattern) if match == "suffix" else path == pattern


def host_covered(patterns: Iterable[str], authority: str) -> bool:
    """Tell whether one of the patterns covers an authority, its port aside; none covers all."""
    host = _without_port(authority)
    listed = tuple(patterns)
    return not listed or any(_matches(pattern, host) for pattern in listed)


def _matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return host.startswith(pattern[:-1]) if pattern.endswith("*") else host == pattern


def _without_port(authority: str) -> str:
    host, colon, _ = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        return authority
    return host
