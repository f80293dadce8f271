"""Durations as Go reads them (`1h30m`, `1.5s`, `100ms`) and as protobuf's JSON writes them."""

import re
from decimal import Decimal

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")
_WHOLE = re.compile(rf"([-+]?)((?:{_PART.pattern})+|0)")


def nanoseconds(text: str) -> int | None:
    """Return how long a written duration is, or None when Go would not read it."""
    found = _WHOLE.fullmatch(text)
    if not found:
        return None
    parts = (Decimal(one[1]) * _NANOSECONDS[one[2]] for one in _PART.finditer(found[2]))
    total = int(sum(parts, Decimal(0)))
    return -total if found[1] == "-" else total


def to_json(text: str) -> str:
    """Return a written duration in protobuf's JSON form: seconds with 0, 3, 6 or 9 decimals."""
    total = nanoseconds(text)
    if total is None:
        raise ValueError(f"{text!r} is no duration")
    seconds, rest = divmod(abs(total), 1_000_000_000)
    decimals = f".{rest:09d}" if rest else ""
    while decimals.endswith("000"):
        decimals = decimals[:-3]
    return f"{'-' if total < 0 else ''}{seconds}{decimals}s"
