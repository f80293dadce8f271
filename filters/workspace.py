"""Which folders `cargo` reads when it builds one crate."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MANIFEST = "Cargo.toml"
DEPENDENCIES = ("dependencies", "dev-dependencies", "build-dependencies")


def root(crate: Path) -> Path:
    """Return the folder of the workspace that a crate belongs to, its own where there is none.

    https://doc.rust-lang.org/cargo/reference/workspaces.html
    """
    manifest = _manifest(crate)
    if "workspace" in manifest:
        return crate
    if named := manifest.get("package", {}).get("workspace"):
        return (crate / str(named)).resolve()
    for folder in crate.parents:
        workspace = _manifest(folder).get("workspace")
        if workspace is not None and not _excluded(crate, folder, workspace):
            return folder
    return crate


def beside(crate: Path) -> tuple[Path, ...]:
    """Return the files and folders beside a crate's own folder that its build reads.

    All members of its workspace are among them: without one of them `cargo` finds that the lock
    file is not up to date.
    """
    crate = crate.resolve()
    home = root(crate)
    members = set(_closure({crate, *_members(home)}))
    found = {member for member in members if not member.is_relative_to(crate)}
    if home != crate:
        found |= {home / name for name in (MANIFEST, "Cargo.lock") if (home / name).exists()}
    return tuple(sorted(found))


def library(crate: Path) -> str | None:
    """Return the name of the file, without suffix, that a build of a crate gives."""
    manifest = _manifest(crate)
    name = manifest.get("lib", {}).get("name") or manifest.get("package", {}).get("name")
    return name.replace("-", "_") if isinstance(name, str) else None


def _members(home: Path) -> Iterator[Path]:
    workspace = _manifest(home).get("workspace", {})
    for pattern in workspace.get("members", []):
        for folder in home.glob(pattern):
            if (folder / MANIFEST).exists() and not _excluded(folder, home, workspace):
                yield folder.resolve()


def _excluded(folder: Path, home: Path, workspace: dict[str, Any]) -> bool:
    return any(folder.is_relative_to(home / name) for name in workspace.get("exclude", []))


def _closure(crates: set[Path]) -> set[Path]:
    """Add the crates that these name by path, and so on."""
    found: set[Path] = set()
    waiting = list(crates)
    while waiting:
        crate = waiting.pop()
        if crate not in found and (crate / MANIFEST).exists():
            found.add(crate)
            waiting += [(crate / path).resolve() for path in _paths(_manifest(crate))]
    return found


def _paths(manifest: dict[str, Any]) -> Iterator[str]:
    tables = [manifest, manifest.get("workspace", {}), *manifest.get("target", {}).values()]
    for table in tables:
        for kind in DEPENDENCIES:
            for wanted in table.get(kind, {}).values():
                if isinstance(wanted, dict) and "path" in wanted:
                    yield wanted["path"]


def _manifest(folder: Path) -> dict[str, Any]:
    """Return what a manifest says, nothing where there is none: `cargo` says it better."""
    try:
        return tomllib.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
