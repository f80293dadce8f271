"""A module: one built Wasm file and what it is."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Module:
    """A built filter; `language` is "wasm" where somebody else built it.

    `configuration` is one that it accepts, for checks that ask no more of it than to load.
    `build_seconds` is how long its build took, where it was built here and that was kept.
    `max_overhead_ns` is what it may cost per request, None where it does not say. `folder` holds
    its sources, or the file itself where somebody else built it; None for a check's own modules.
    """

    name: str
    contract: str
    language: str
    path: Path
    sha256: str
    size: int
    configuration: str = ""
    build_seconds: float | None = None
    max_overhead_ns: float | None = None
    folder: Path | None = None

    @property
    def label(self) -> str:
        """Return the name that reports use, "basic-auth cpp"."""
        return f"{self.name} {self.language}"

    def read(self) -> bytes:
        """Return the bytes of the file."""
        return self.path.read_bytes()


def load(path: Path, *, name: str, contract: str, language: str) -> Module:
    """Return the module in `path` as it is now."""
    body = path.read_bytes()
    return Module(
        name=name,
        contract=contract,
        language=language,
        path=path,
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
    )
