"""Modules that were accepted: kept whole, by their sha256, never by their numbers."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
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
    return Accepted(filter, sha256, path) if sha256 and _sound(path) else None


def damage(filter: str, folder: Path | None = None) -> str:
    """Return why a filter has no reference though one was accepted; "" where all is well.

    Without it a damaged cache would look like one that was never filled: nothing is compared, and
    nothing fails.
    """
    home = folder or store()
    try:
        index = _read(home)
    except ValueError:
        return f"{home / _INDEX}, which names the accepted modules, cannot be read"
    sha256 = index.get(filter, "")
    path = home / f"{sha256}.wasm"
    if not sha256 or _sound(path):
        return ""
    what = "is not what it was" if path.is_file() else "is gone"
    return f"the module that was accepted, {path}, {what}"


def keep(module: Path, folder: Path) -> Path:
    """Copy a module into ``folder`` under its sha256, whole or not at all; return the copy."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{_sha256(module)}.wasm"
    if not _sound(target):
        partial = target.with_suffix(f".{os.getpid()}")
        shutil.copyfile(module, partial)
        partial.replace(target)
    return target


def accept(
    findings: Sequence[LatencyFinding], report_folder: Path, folder: Path | None = None
) -> tuple[Accepted, ...]:
    """Make the candidates of all findings the references of their filters, or none of them.

    Raises CannotAccept for a module that was not measured soundly, that got worse, or that is not
    the one that was measured.
    """
    home = folder or store()
    measured = [_measured(found, report_folder) for found in findings]
    taken = {
        found.filter: Accepted(found.filter, found.modules["new"], keep(module, home))
        for found, module in zip(findings, measured, strict=True)
    }
    index = {**_index(home), **{name: each.sha256 for name, each in taken.items()}}
    home.mkdir(parents=True, exist_ok=True)
    partial = home / f"{_INDEX}.{os.getpid()}"
    partial.write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    partial.replace(home / _INDEX)
    return tuple(taken.values())


def _measured(found: LatencyFinding, report_folder: Path) -> Path:
    if found.state not in ("pass", "improvement"):
        raise CannotAccept(
            f"nothing was accepted: {found.filter} was {found.state}: {'; '.join(found.reasons)}\n"
            "Hint: python -m reports accept --filter LABEL, for one that passed"
        )
    sha256 = found.modules.get("new", "")
    module = report_folder / "latency" / f"{sha256}.wasm"
    if not sha256 or not module.is_file() or _sha256(module) != sha256:
        raise CannotAccept(
            f"nothing was accepted: the module of {found.filter}, sha256 {sha256 or 'unknown'}, is"
            f" not in {module.parent}\nHint: pytest suites/latency"
        )
    return module


def _index(folder: Path) -> Mapping[str, str]:
    try:
        return _read(folder)
    except ValueError:
        return {}


def _read(folder: Path) -> Mapping[str, str]:
    """Return the index, empty where there is none; raises ValueError for a damaged one."""
    try:
        content = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ValueError(str(error)) from error
    if not isinstance(content, dict):
        raise ValueError("no JSON object")
    return content


def _sound(path: Path) -> bool:
    return path.is_file() and _sha256(path) == path.stem


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
