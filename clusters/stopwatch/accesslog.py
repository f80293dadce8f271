"""The proxy's clock, as its access log tells it.

Points and units: Envoy's COMMON_DURATION, %COMMON_DURATION(from:to:ns)%; DS is the side of the
client, US that of the application, RX what comes in, TX what goes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.pilot.protos import TYPE_PREFIX
from clusters.stopwatch.load import TAG

if TYPE_CHECKING:
    from pathlib import Path

#: Envoys have had it since some release between 1.31 and 1.36.
OPERATOR = "COMMON_DURATION"
#: From the request's first byte to the answer's first and last one.
WHOLE = ("DS_RX_BEG:DS_TX_BEG", "DS_RX_BEG:DS_TX_END")
#: The way to the application and the way back, without the application.
WAYS = ("DS_RX_BEG:US_TX_BEG", "US_RX_BEG:DS_TX_BEG")
#: For a proxy without that clock: lines still count.
NO_CLOCK = ("", "")


@dataclass(frozen=True, slots=True)
class Lines:
    """What the log of one arm says of one block: two spans in ns for each request."""

    first: tuple[int, ...]
    second: tuple[int, ...]


def config(path: Path | str, spans: tuple[str, str], *, label: str = "") -> dict[str, Any]:
    """Return the access log that writes a request's block and two spans of it to a file.

    Where others write to it too, a `label` stands before them, see `labelled`.
    """
    told = " ".join(f"%{OPERATOR}({span}:ns)%" if span else "0" for span in spans)
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": f"{TYPE_PREFIX}envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": str(path),
            "log_format": {
                "text_format_source": {
                    "inline_string": f"{label}{' ' if label else ''}%REQ({TAG})% {told}\n"
                },
            },
        },
    }


def labelled(text: str, label: str) -> str:
    """Return what follows a label in the lines of a log that begin with it."""
    start = f"{label} "
    lines = (line for line in text.splitlines() if line.startswith(start))
    return "".join(f"{line.removeprefix(start)}\n" for line in lines)


def read(text: str) -> dict[int, Lines]:
    """Return what each numbered block is told to have taken; lines without both spans are none."""
    found: dict[int, tuple[list[int], list[int]]] = {}
    for line in text.splitlines():
        words = line.split(" ")
        if len(words) == 3 and all(word.isdigit() for word in words):
            block = found.setdefault(int(words[0]), ([], []))
            block[0].append(int(words[1]))
            block[1].append(int(words[2]))
    return {number: Lines(tuple(a), tuple(b)) for number, (a, b) in found.items()}
