"""Modules that were accepted: kept whole, by their sha256, never by their numbers."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reports.latency.finding import LatencyFinding

_INDEX = "accepted.json"


class CannotAccept(Exception):
    """The finding's module cannot become the reference; the text says why."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The module that a filter is compared with from now on."""

    filter: str
    sha256: str
    path: Path


def store() -> Path:
    """Return the folder of accepted modules, which need not exist (XDG Base Directory)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "istio-wasm-conformance" / "references"


def accepted(filter: str, folder: Path | None = None) -> Accepted | None:
    """Return the module last accepted for a filter; None without one, or if it is damaged."""
    home = folder or store()
    sha256 = _index(home).get(filter, "")
    path = home / f"{sha256}.wasm"
    if not sha256 or not path.is_file() or _sha256(path) != sha256:
        return None
    return Accepted(filter, sha256, path)


def keep(module: Path, folder: Path) -> Path:
    """Copy a module into ``folder`` under its sha256, whole or not at all; return the copy."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{_sha256(module)}.wasm"
    if not target.exists():
        partial = target.with_suffix(f".{os.getpid()}")
        shutil.copyfile(module, partial)
        partial.replace(target)
    return target


def accept(found: LatencyFinding, report_folder: Path, folder: Path | None = None) -> Accepted:
    """Make the candidate of a finding the reference of its filter, or raise CannotAccept.

    A module that was not measured soundly, or that got worse, is not taken.
    """
    if found.state not in ("pass", "improvement"):
        raise CannotAccept(
            f"{found.filter} was {found.state}: {'; '.join(found.reasons)}\n"
            "Hint: pytest suites/latency --latency=deep"
        )
    sha256 = found.modules.get("new", "")
    module = report_folder / "latency" / f"{sha256}.wasm"
    if not sha256 or not module.is_file() or _sha256(module) != sha256:
        raise CannotAccept(
            f"{found.filter}: the module {sha256[:12] or 'of this run'} is not at {module}\n"
            "Hint: pytest suites/latency"
        )
    home = folder or store()
    path = keep(module, home)
    index = {**_index(home), found.filter: sha256}
    partial = home / f"{_INDEX}.{os.getpid()}"
    partial.write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    partial.replace(home / _INDEX)
    return Accepted(found.filter, sha256, path)


def _index(folder: Path) -> Mapping[str, str]:
    try:
        content = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
