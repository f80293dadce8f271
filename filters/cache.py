"""The folder where built modules are kept between runs."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "istio-wasm-conformance"


class CacheUnwritable(RuntimeError):
    """The cache folder cannot be written."""

    def __init__(self, folder: Path, error: OSError) -> None:
        """Say which folder, why, and how to choose another one."""
        super().__init__(
            f"cannot write the build cache {folder}: {error.strerror or error}\n"
            f"Hint: XDG_CACHE_HOME={Path(tempfile.gettempdir()) / 'cache'} pytest …"
        )


def folder() -> Path:
    """Return the cache folder, which need not exist yet (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification: a relative path is to be ignored.
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / NAME


def check() -> None:
    """Raise CacheUnwritable unless files can be made in the cache folder."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder()):
            pass
    except OSError as error:
        raise CacheUnwritable(folder(), error) from error


@contextmanager
def writing(target: Path, timeout: float) -> Iterator[Path | None]:
    """Yield a path to write `target` to, or None where it exists by now.

    One process at a time writes a target; the others wait for it, at most `timeout` seconds. The
    target appears whole or not at all: the file is renamed when the block ends without an error.
    Raises CacheUnwritable.
    """
    import filelock  # 20 ms that a run with a full cache does not pay

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(target.with_suffix(".lock"), timeout=timeout)
        lock.acquire()
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise
        raise CacheUnwritable(folder(), error) from error
    try:
        if target.exists():
            yield None
            return
        unfinished = target.with_suffix(".unfinished")
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.rename(target)
    finally:
        lock.release()
