"""The agent's cache of downloaded modules: what is fetched again, and under which file name.

Facts: pkg/wasm/cache.go of Istio. One cache per proxy, living as long as the run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clusters.pilot.fetch import WASM_MAGIC, FetchError, fetch

if TYPE_CHECKING:
    from pathlib import Path

    from clusters.pilot.behaviours import Behaviours

#: Bytes that the agent looks at before it believes that a file is Wasm.
HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """One module as an extension configuration asks for it; `checksum` may be empty."""

    url: str
    checksum: str
    resource: str
    resource_version: str
    pull_always: bool
    timeout: float


@dataclass(slots=True)
class ModuleCache:
    """Gives a local file for a remote module, fetching it when the release would."""

    folder: Path
    behaviours: Behaviours
    _files: dict[tuple[str, str], Path] = field(default_factory=dict)
    _checksums: dict[str, str] = field(default_factory=dict)
    _versions: dict[tuple[str, str], str] = field(default_factory=dict)

    def get(self, wanted: Wanted) -> Path:
        """Return the file that holds the module; raise FetchError if there is none to be had."""
        checksum = wanted.checksum or self._known_checksum(wanted)
        known = self._files.get((wanted.url, checksum)) if checksum else None
        return known or self._fetch(wanted)

    def _known_checksum(self, wanted: Wanted) -> str:
        if "agent-empty-checksum-never-hits" in self.behaviours:
            return ""
        pulled = self._versions.get((wanted.url, wanted.resource))
        if wanted.pull_always and pulled != wanted.resource_version:
            return ""
        return self._checksums.get(wanted.url, "")

    def _fetch(self, wanted: Wanted) -> Path:
        body = fetch(wanted.url, timeout=wanted.timeout, behaviours=self.behaviours)
        checksum = hashlib.sha256(body).hexdigest()
        if wanted.checksum and checksum != wanted.checksum:
            raise FetchError(
                f"module downloaded from {wanted.url} has checksum {checksum}, which does not "
                f"match: {wanted.checksum}"
            )
        if "agent-checks-wasm-magic" in self.behaviours and not (
            len(body) >= HEADER_BYTES and body.startswith(WASM_MAGIC)
        ):
            raise FetchError(f"fetched Wasm binary from {wanted.url} is invalid")
        path = self._path(wanted.url, checksum)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        self._files[wanted.url, checksum] = path
        self._checksums[wanted.url] = checksum
        self._versions[wanted.url, wanted.resource] = wanted.resource_version
        return path

    def _path(self, url: str, checksum: str) -> Path:
        if "agent-cache-folder-per-module" not in self.behaviours:
            return self.folder / f"{checksum}.wasm"
        return self.folder / hashlib.sha256(url.encode()).hexdigest() / f"{checksum}.wasm"
