"""How much memory a process has for itself, as Linux counts it."""

from __future__ import annotations

import re
from pathlib import Path

_PRIVATE = re.compile(r"^Pss_Anon:\s+(\d+) kB$", re.MULTILINE)


class MemoryUnknown(Exception):
    """This kernel does not tell how much memory a process has for itself."""


def pss_anon(pid: int) -> int:
    """Return the bytes that are neither a file's nor shared: Pss_Anon of smaps_rollup.

    What a Wasm module sees as its memory is mapped and counts here, but not in what the proxy says
    it has allocated. The virtual size says nothing: 9 GB are reserved for each machine. Raises
    MemoryUnknown.
    """
    path = Path(f"/proc/{pid}/smaps_rollup")
    try:
        found = _PRIVATE.search(path.read_text())
    except OSError as error:
        raise MemoryUnknown(f"{path}: {error.strerror}") from error
    if found is None:
        raise MemoryUnknown(f"{path} has no line Pss_Anon: this Linux is too old")
    return int(found[1]) * 1024
