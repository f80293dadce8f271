"""Which clusters this project made on this machine, and which of them a run works with now.

<cache>/kind/clusters/<name>/{record.json,kubeconfig,lock}. The lock ends with the process that
holds it, so that what a killed run left can be told from what is in use.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import cache
from clusters.kind.errors import InUse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Claim:
    """A name for a cluster, held by this process; `folder` is for what belongs to it."""

    name: str
    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """The file by which the cluster is reached; no other one is written."""
        return self.folder / "kubeconfig"

    @property
    def kept(self) -> bool | None:
        """Whether it is to outlive its run, None where this project made none of this name."""
        found = self._record().get("kept")
        return found if isinstance(found, bool) else None

    @property
    def whole(self) -> bool:
        """Whether everything was there once."""
        return self._record().get("whole") is True

    @property
    def ports(self) -> tuple[int, int] | None:
        """The ports of this machine that lead to its gateway, None until they are chosen."""
        match self._record().get("ports"):
            case [int(gateway), int(spare)]:
                return gateway, spare
        return None

    def record(
        self, *, kept: bool, whole: bool = False, ports: tuple[int, int] | None = None
    ) -> None:
        """Write down that this project makes the cluster, before it does, and when it has.

        Where no ports are given the ones that are known stay. Raises cache.CacheUnwritable.
        """
        record = {"kept": kept, "whole": whole, "ports": ports or self.ports}
        with _writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "record.json").write_text(json.dumps(record) + "\n")

    def _record(self) -> dict[str, object]:
        try:
            found = json.loads((self.folder / "record.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def forget(self) -> None:
        """Remove what is known of a cluster that is gone."""
        shutil.rmtree(self.folder, ignore_errors=True)


def root() -> Path:
    """Return the folder of all claims, which need not exist yet."""
    return cache.folder() / "kind" / "clusters"


def prepare() -> Path:
    """Return the folder of all claims, which is there now; raises cache.CacheUnwritable."""
    with _writing(root()):
        root().mkdir(parents=True, exist_ok=True)
    return root()


def names() -> list[str]:
    """Return the names of which something is known here, whether or not the cluster is there."""
    return sorted(path.parent.name for path in root().glob("*/record.json"))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except TimeoutError:  # of a lock; it is an OSError, too
        raise
    except OSError as error:
        raise cache.CacheUnwritable(folder, error) from error


@contextmanager
def claimed(name: str) -> Iterator[Claim]:
    """Hold a name while the block lasts; raises InUse, cache.CacheUnwritable."""
    import filelock

    folder = root() / name
    try:
        with _writing(root()):
            folder.mkdir(parents=True, exist_ok=True)
            # Beside the folder, which goes with the cluster.
            lock = filelock.FileLock(root() / f".{name}.lock")
            lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InUse(
            f"another run works with the cluster {name}\n"
            "Hint: wait for it, or --cluster-name=NAME for one of your own"
        ) from None
    claim = Claim(name, folder)
    try:
        yield claim
    finally:
        if claim.kept is None:  # somebody else's cluster, or none
            claim.forget()
        lock.release()
