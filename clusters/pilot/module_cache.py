"""The agent's cache of downloaded modules: what is fetched again, and under which file name.

Facts: pkg/wasm/cache.go of Istio. One cache per proxy, living as long as the run.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clusters.pilot import go_url, oci
from clusters.pilot.fetch import FetchError, fetch, is_wasm
from clusters.pilot.oci_reference import InvalidReference
from clusters.pilot.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from clusters.pilot.behaviours import Behaviours

ALWAYS, IF_NOT_PRESENT = "Always", "IfNotPresent"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One module as an extension configuration asks for it.

    `checksum` and `pull_policy` may be empty; `pull_secret` is None where none is named.
    """

    url: str
    checksum: str
    resource: str
    resource_version: str
    pull_policy: str
    timeout: float
    pull_secret: str | None = None


@dataclass(slots=True)
class _Pulled:
    """What a URL without a checksum stood for last, and for which version of each resource."""

    checksum: str
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ModuleCache:
    """Gives a local file for a remote module, fetching it when the release would.

    Several threads may ask at once; two that want the same module may both fetch it.
    """

    folder: Path
    behaviours: Behaviours
    settings: Settings = field(default_factory=Settings)
    _files: dict[tuple[str, str], Path] = field(default_factory=dict)
    _pulled: dict[str, _Pulled] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, wanted: Wanted) -> Path:
        """Return the file that holds the module; raise FetchError if there is none to be had."""
        if fault := go_url.fault(wanted.url):
            raise FetchError(f"fail to parse Wasm module fetch url: {wanted.url}, error: {fault}")
        with self._lock:
            sought = wanted.checksum or self._known_checksum(wanted)
            known = self._files.get((_name(wanted.url), sought))
            if known is not None:
                self._note(wanted, sought)
                return known
        return self._fetch(wanted, sought)

    def _known_checksum(self, wanted: Wanted) -> str:
        """Return the checksum that a URL stands for, "" where the server must be asked."""
        if not self._remembers(wanted.url):
            return ""
        if _is_oci(wanted.url) and (digest := _digest(wanted.url)):
            return digest
        pulled = self._pulled.get(wanted.url)
        if pulled is None:
            return ""
        # Noted before the server is asked: a pull that fails is not tried again for this version.
        fresh = pulled.versions.get(wanted.resource) == wanted.resource_version
        pulled.versions[wanted.resource] = wanted.resource_version
        return pulled.checksum if fresh or _keeps(wanted) else ""

    def _remembers(self, url: str) -> bool:
        if _is_oci(url):
            return "agent-remembers-tags" in self.behaviours
        return "agent-empty-checksum-never-hits" not in self.behaviours

    def _fetch(self, wanted: Wanted, sought: str) -> Path:
        scheme = urlsplit(wanted.url).scheme
        image = None
        if scheme in ("http", "https"):
            body = fetch(
                wanted.url,
                timeout=wanted.timeout,
                behaviours=self.behaviours,
                settings=self.settings,
            )
            checksum = hashlib.sha256(body).hexdigest()
        elif scheme == "oci" and "agent-fetches-oci" in self.behaviours:
            image = oci.prepare(
                wanted.url,
                secret=wanted.pull_secret,
                timeout=wanted.timeout,
                behaviours=self.behaviours,
                settings=self.settings,
            )
            checksum = image.checksum
        else:
            raise FetchError(f"unsupported Wasm module downloading URL scheme: {scheme}")
        if sought and checksum != sought:
            raise FetchError(
                f"module downloaded from {wanted.url} has checksum {checksum}, which does not "
                f"match: {sought}"
            )
        with self._lock:
            known = self._files.get((_name(wanted.url), checksum))
            if known is not None:
                self._note(wanted, checksum)
                return known
        return self._store(wanted, checksum, image.module() if image else body)

    def _store(self, wanted: Wanted, checksum: str, body: bytes) -> Path:
        if "agent-checks-wasm-magic" in self.behaviours and not is_wasm(body):
            raise FetchError(f"fetched Wasm binary from {wanted.url} is invalid")
        path = self._path(_name(wanted.url), checksum)
        with self._lock:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            self._files[_name(wanted.url), checksum] = path
            self._note(wanted, checksum)
        return path

    def _note(self, wanted: Wanted, checksum: str) -> None:
        if _is_oci(wanted.url) and "@" in wanted.url:
            return
        pulled = self._pulled.setdefault(wanted.url, _Pulled(checksum))
        pulled.checksum = checksum
        pulled.versions[wanted.resource] = wanted.resource_version

    def _path(self, name: str, checksum: str) -> Path:
        if "agent-cache-folder-per-module" not in self.behaviours:
            return self.folder / f"{checksum}.wasm"
        return self.folder / hashlib.sha256(name.encode()).hexdigest() / f"{checksum}.wasm"


def _is_oci(url: str) -> bool:
    return url.startswith(oci.SCHEME)


def _name(url: str) -> str:
    """Return what a module is cached under: the URL, of an image without tag and digest."""
    if _is_oci(url):
        try:
            return oci.SCHEME + oci.reference(url).context
        except InvalidReference:
            return url
    return url


def _digest(url: str) -> str:
    try:
        return oci.reference(url).digest.removeprefix("sha256:")
    except InvalidReference:
        return ""


def _keeps(wanted: Wanted) -> bool:
    """Tell whether a pulled module is kept, whatever became of the resource since."""
    if wanted.pull_policy in (ALWAYS, IF_NOT_PRESENT):
        return wanted.pull_policy == IF_NOT_PRESENT
    # The word itself: a URL without any tag is kept.
    return not (_is_oci(wanted.url) and urlsplit(wanted.url).path.endswith(":latest"))
