"""From a source to a module, by way of a cache that is keyed by content."""

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from filters import cache, module, sources, toolchains, wasm
from filters.module import Module
from filters.sources import HERE, Source
from filters.toolchain import Toolchain

TIMEOUT = 600.0  # seconds; the very first C++ build also builds libc++ (about 50 s)
OUTPUT = "filter.wasm"

Progress = Callable[[str], None]


class BuildFailed(RuntimeError):
    """A source does not compile; the text carries the command and what the compiler said."""


def build(source: Source, *, progress: Progress | None = None) -> Module:
    """Return the module of a source, built if it is not in the cache and found to be loadable.

    Raises BuildFailed, toolchains.ToolchainMissing, cache.CacheUnwritable, sources.InvalidSource,
    or wasm.InvalidModule where Envoy would refuse what was built.
    """
    built = compiled(source, progress=progress)
    wasm.check(built.read(), name=built.label)
    return built


def compiled(source: Source, *, progress: Progress | None = None) -> Module:
    """Return what `build` returns without looking into it: some probes are broken on purpose."""
    toolchain = toolchains.find(source.language)
    files = sources.tree(source, toolchain.beside(source.folder))
    target = cache.folder() / "modules" / f"{source.name}-{_key(source, files, toolchain)}.wasm"
    if not target.exists():
        with cache.writing(target, TIMEOUT) as unfinished:
            if unfinished is not None:
                started = time.monotonic()
                _compile(source, toolchain, files, unfinished)
                seconds = time.monotonic() - started
                _beside(target).write_text(f"{seconds:.2f}\n")
                if progress is not None:
                    progress(f"filter {source.label} built in {seconds:.1f} s")
    built = module.load(
        target, name=source.name, contract=source.contract, language=source.language
    )
    return replace(built, build_seconds=_seconds(target))


def _beside(target: Path) -> Path:
    return target.with_suffix(".seconds")


def _seconds(target: Path) -> float | None:
    """Return how long the build of a module took, None where that was not kept."""
    try:
        return float(_beside(target).read_text())
    except (OSError, ValueError):
        return None


def _key(source: Source, files: dict[str, bytes], toolchain: Toolchain) -> str:
    """Everything that can change the outcome, and nothing that cannot, such as where it lies."""
    digest = hashlib.sha256()
    for part in (toolchain.language, *toolchain.recipe, str(_place(source, files))):
        digest.update(part.encode() + b"\0")
    for name, body in sorted(files.items()):
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()[:32]


def _place(source: Source, files: dict[str, bytes]) -> Path:
    """Return where in the build folder the source lies: what it reads by "../.." lies there too.

    Folders keep their names as far as that goes; a Cargo workspace knows its members by them.
    """
    depth = max(name.count("../") for name in files)
    return Path(*source.folder.resolve().parts[-depth:] if depth else ())


def _compile(source: Source, toolchain: Toolchain, files: dict[str, bytes], target: Path) -> None:
    """Build in a folder of its own, so that no path of this machine gets into the module."""
    if not any(name.endswith(toolchain.suffix) for name in files):
        raise BuildFailed(f"{source.label}: no *{toolchain.suffix} file in {source.folder}")
    whole = target.with_suffix(".build")
    folder = whole / _place(source, files)
    try:
        # A killed run may have left one; the lock says that nobody works in it now.
        shutil.rmtree(whole, ignore_errors=True)
        for name, body in files.items():
            path = Path(os.path.normpath(folder / name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        toolchain.compile(folder, OUTPUT, partial(_run, source))
        (folder / OUTPUT).rename(target)
    except OSError as error:
        raise cache.CacheUnwritable(cache.folder(), error) from error
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def _run(source: Source, *command: str, folder: Path, environment: Mapping[str, str]) -> None:
    tether = (sys.executable, "-I", "-S", str(HERE / "tether.py"), str(os.getpid()))
    process = subprocess.Popen(
        (*tether, *command),
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C reaches us, and we end the group
    )
    try:
        output, _ = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise BuildFailed(
            f"{source.label}: the compiler was not done after {TIMEOUT:.0f} s\n"
            f"command: {shlex.join(command)}"
        ) from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode != 0:
        raise BuildFailed(
            f"{source.label} does not compile (exit code {process.returncode})\n"
            f"{output.rstrip()}\n"
            f"command: {shlex.join(command)}\n"
            f"in a copy of {source.folder}"
        )
