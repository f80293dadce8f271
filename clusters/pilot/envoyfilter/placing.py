"""Where a patch puts its value into a list: the rules that all ordered families share."""

from collections.abc import Callable, Sequence
from typing import Any

ORDERED = ("ADD", "INSERT_FIRST", "INSERT_BEFORE", "INSERT_AFTER")
"""The operations that put something new into a list."""

Item = dict[str, Any]


def position(operation: str, items: Sequence[Item | None], matches: Callable[..., bool]) -> int:
    """Return the index a value goes to; -1 where nothing in the list matches.

    `matches` is None-safe only where the list may hold None (removed routes).
    """
    if operation == "INSERT_FIRST":
        return 0
    if operation == "ADD":
        return len(items)
    at = next((index for index, one in enumerate(items) if matches(one)), -1)
    return at + 1 if at >= 0 and operation == "INSERT_AFTER" else at


def unnamed(operation: str, items: Sequence[Item | None]) -> int:
    """Return the index a value goes to when its match names no item of the list."""
    return len(items) if operation in ("ADD", "INSERT_AFTER") else 0
