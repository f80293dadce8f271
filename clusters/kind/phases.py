"""The steps to a gateway that answers, each told in a line with what it took."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import waiting
from clusters.apply import KubeError
from clusters.cache import CacheUnwritable
from clusters.kind import causes, interrupts
from clusters.kind.calls import CallFailed
from clusters.kind.errors import NotOurs, PhaseFailed
from clusters.processes import ProcessFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: Takes text for the user, with line ends where they belong.
    Tell = Callable[[str], None]
    #: What a cluster tells about itself when a step failed: pods, events, logs.
    Diagnosis = Callable[[], str]

#: Seconds that each step may take. The first three hold a download of images on a slow line.
LIMITS = {
    "cluster": 600.0,
    "images": 300.0,
    "istio": 420.0,
    "bookinfo": 240.0,
    "gateway": 60.0,
}

#: How a step fails; an OSError is a full disk, most of the time.
FAILURES = (
    CallFailed,
    KubeError,
    ProcessFailed,
    waiting.TimedOut,
    PhaseFailed,
    CacheUnwritable,
    OSError,
)


@dataclass(slots=True)
class Phase:
    """One step; `note` is what its line says of it once it is done."""

    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Phases:
    """Tells the user of the steps of one cluster."""

    cluster: str
    tell: Tell

    @contextmanager
    def step(self, name: str, *, diagnosis: Diagnosis | None = None) -> Iterator[Phase]:
        """Let a step happen in the block; its line begins before and ends after it.

        What goes wrong in it is raised as PhaseFailed with what the cluster tells about itself.
        """
        phase = Phase(name)
        self.tell(f"  kind: {name} … ")
        began = time.monotonic()
        try:
            yield phase
            interrupts.check()
        except NotOurs:
            self.tell("refused\n")
            raise
        except FAILURES as error:
            seconds = time.monotonic() - began
            self.tell(f"failed after {seconds:.1f} s\n")
            raise self._failed(name, seconds, error, diagnosis) from error
        except BaseException:
            self.tell("broken off\n")
            raise
        note = f" ({phase.note})" if phase.note else ""
        self.tell(f"{time.monotonic() - began:.1f} s{note}\n")

    def _failed(
        self, name: str, seconds: float, error: Exception, diagnosis: Diagnosis | None
    ) -> PhaseFailed:
        seen = ""
        if diagnosis is not None:
            try:
                seen = diagnosis()
            except KubeError as silence:
                seen = f"nothing more could be asked: {str(silence).splitlines()[0]}"
        text = f"no gateway on kind: the step {name!r} of cluster {self.cluster} failed"
        parts = [f"{text} after {seconds:.1f} s", str(error), seen]
        told = "\n".join(part for part in parts if part)
        if "Hint:" not in told:
            told += "\n" + causes.explain(told, otherwise="docker info, and run it again")
        return PhaseFailed(told)
