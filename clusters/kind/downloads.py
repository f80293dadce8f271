"""Gets kind and istioctl from where they are published into the cache, checked by their sha256."""

from __future__ import annotations

import hashlib
import http.client
import re
import sys
import tarfile
import tomllib
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clusters import cache
from clusters.kind.errors import KindError
from clusters.local.binaries import executables, keeping
from clusters.local.binaries.progress import amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.client import HTTPResponse

SECONDS = 30.0
CHUNK = 1 << 18
_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")


class DownloadFailed(KindError):
    """A program could not be downloaded; the text says from where and why."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a program is published: an address with places for version, system, architecture.

    `beside` is what the address of its checksum file ends in, `macos` how macOS is called there,
    `sha256` the pinned ones by "version-system-architecture", `version` the one that is got where
    nobody names another.
    """

    name: str
    url: str
    beside: str
    macos: str
    sha256: dict[str, str]
    version: str = ""


def load(table: Path) -> dict[str, Source]:
    """Return the sources that a table in TOML lists, by the program's name."""
    rows = tomllib.loads(table.read_text())
    return {name: Source(name, **row) for name, row in rows.items()}


SOURCES = load(Path(__file__).with_name("downloads.toml"))


def root() -> Path:
    """Return the folder of downloaded programs, which need not exist yet."""
    return cache.folder() / "kind" / "programs"


def kept(name: str, version: str = "") -> Path | None:
    """Return a program of the cache, by default of the version that would be got, or None."""
    source = SOURCES[name]
    path = _target(source, version or source.version)
    return path if path.exists() else None


def get(source: Source, version: str, tell: Callable[[str], None]) -> tuple[Path, bool]:
    """Return a program of a version, and whether it was downloaded just now.

    `tell` takes a line for the user. Raises DownloadFailed, cache.CacheUnwritable.
    """
    target = _target(source, version)
    lock = root() / f".{target.name}.lock"
    with keeping.alone(lock, f"another download of {source.name}", tell):
        if target.exists():
            return target, False
        url = source.url.format(version=version, **_machine(source))
        wanted, whose = _checksum(source, version, url)
        with keeping.staging(root() / f".{target.name}.unfinished") as folder:
            whole = folder / "download"
            _download(url, whole, wanted, whose, source.name)
            program = _unpacked(whole, source.name, url) if url.endswith(".tar.gz") else whole
            program.chmod(0o755)
            program.rename(target)
        tell(f"{source.name} {version} ({amount(target.stat().st_size)}), checked by {whose}")
    return target, True


def _target(source: Source, version: str) -> Path:
    return root() / "-".join([source.name, version, *_machine(source).values()])


def _machine(source: Source) -> dict[str, str]:
    system = source.macos if sys.platform == "darwin" else sys.platform
    return {"system": system, "architecture": executables.architecture()}


def _checksum(source: Source, version: str, url: str) -> tuple[str, str]:
    pinned = source.sha256.get("-".join([version, *_machine(source).values()]))
    if pinned:
        return pinned, "the sha256 pinned here"
    address = url + source.beside
    with _opened(address) as response:
        text = response.read(1000).decode("ascii", "replace")
    if found := _SHA256.search(text):
        return found[0], f"the sha256 that lies beside it at {address}"
    raise DownloadFailed(
        f"{address} holds no sha256\nlast seen: {text[:100]!r}\n{_hint(source.name)}"
    )


def _download(url: str, target: Path, wanted: str, whose: str, name: str) -> None:
    digest = hashlib.sha256()
    with _opened(url) as response, target.open("wb") as file:
        while chunk := response.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != wanted:
        raise DownloadFailed(
            f"{url} gave {target.stat().st_size} bytes with the sha256 {digest.hexdigest()}, and "
            f"{whose} is {wanted}; they were thrown away\n"
            "likely cause: a proxy or a mirror on the way changed the file\n"
            f"{_hint(name)}"
        )


def _unpacked(archive: Path, name: str, url: str) -> Path:
    target = archive.with_name("unpacked")
    try:
        with tarfile.open(archive) as tar:
            member = next(one for one in tar if one.isfile() and Path(one.name).name == name)
            content = tar.extractfile(member)
            assert content is not None, "it is a file"
            target.write_bytes(content.read())
    except (tarfile.TarError, EOFError, StopIteration) as error:
        reason = str(error) or f"there is no {name} in it"
        raise DownloadFailed(f"{url} cannot be unpacked: {reason}\n{_hint(name)}") from error
    return target


@contextmanager
def _opened(url: str) -> Iterator[HTTPResponse]:
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as response:
            yield response
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is a response, too
        raise DownloadFailed(
            f"{url} could not be downloaded\nlast seen: {error}\n"
            "likely cause: there is no way from here to that address\n"
            "Hint: give a program of your own by --kind-bin=PATH and --istioctl-bin=PATH"
        ) from error


def _hint(name: str) -> str:
    option = "--istioctl-bin" if name == "istioctl" else "--kind-bin"
    return f"Hint: {option}=PATH of one that you got yourself"
