"""Clusters as kind knows them: which there are, how one is made, how it goes."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from clusters.cache import CacheUnwritable
from clusters.kind import kind_config
from clusters.kind.calls import Caller, CallFailed, roomy
from clusters.kind.errors import NAME_TAKEN, NotDeleted, NotOurs
from clusters.kind.interrupts import deferred
from clusters.processes import ProcessFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusters.kind.claims import Claim

ASK_SECONDS, DELETE_SECONDS = 60.0, 120.0
#: As kind checks it; its remarks have spaces.
_NAME = re.compile(r"[a-z0-9.-]+")
_PROJECT = Path(__file__).parents[2]
_NODES_THERE = re.compile(r"node\(s\) already exist for a cluster with the name")
_PORT_TAKEN = re.compile(r"(?i)port is already allocated|address already in use|failed to bind")


def names(kind: Path, folder: Path) -> list[str]:
    """Return the names of all clusters; raises CallFailed, also where Docker does not answer.

    Raises cache.CacheUnwritable where neither the folder nor any other can hold the answer.
    """
    try:
        caller = Caller(_roomy(folder))
    except OSError as error:
        raise CacheUnwritable(folder, error) from error
    said = caller.run("kind get clusters", [kind, "get", "clusters"], within=ASK_SECONDS)
    return [line for line in said.splitlines() if _NAME.fullmatch(line)]


def make(
    kind: Path, claim: Claim, image: str, *, within: float, undo: Callable[[], object]
) -> tuple[int, int]:
    """Make a cluster, and return the two ports of loopback that lead to its gateway.

    Raises CallFailed; what is there of the cluster then is left for `undo`. Raises NotOurs where
    somebody else has made one of that name meanwhile.
    """
    try:
        return _make(kind, claim, image, within)
    except CallFailed as error:
        if not _PORT_TAKEN.search(error.said):
            raise
        # Somebody took a port between our look and kind's: once more with others.
        kept = claim.kept is True
        undo()
        claim.record(kept=kept)
        return _make(kind, claim, image, within)


def _make(kind: Path, claim: Claim, image: str, within: float) -> tuple[int, int]:
    gateway, spare = kind_config.free_ports(2)
    claim.record(kept=claim.kept is True, ports=(gateway, spare))
    config = claim.folder / "cluster.yaml"
    config.write_text(kind_config.render(gateway, spare))
    command = [sys.executable, "-m", "clusters.kind.making"]
    arguments = [claim.name, claim.kubeconfig, image, kind, config]
    try:
        Caller(claim.folder).run(
            "kind create cluster",
            [*command, *map(str, arguments)],
            within=within,
            environment={"PYTHONPATH": str(_PROJECT)},
        )
    except CallFailed as error:
        if error.code == NAME_TAKEN or _NODES_THERE.search(error.said):
            raise foreign(claim.name) from error
        raise
    return gateway, spare


def foreign(name: str) -> NotOurs:
    """Return the error for a cluster that somebody else made."""
    return NotOurs(
        f"a cluster {name} is there, and this project did not make it; it was left alone\n"
        "Hint: --cluster-name=NAME for another one, or --cluster=existing "
        f"--kube-context=kind-{name} to use it as it is"
    )


def export(kind: Path, claim: Claim) -> None:
    """Write the kubeconfig of a cluster that is there."""
    Caller(claim.folder).run(
        "kind export kubeconfig",
        [kind, "export", "kubeconfig", "--name", claim.name, "--kubeconfig", claim.kubeconfig],
        within=ASK_SECONDS,
    )


def delete(kind: Path, claim: Claim) -> None:
    """Delete a cluster, which may be only half there; nothing breaks it off.

    Raises NotDeleted.
    """
    with deferred():
        command: list[str | Path] = [kind, "delete", "cluster", "--name", claim.name]
        try:
            _caller_for_deletion(claim).run(
                "kind delete cluster",
                [*command, "--kubeconfig", claim.kubeconfig],
                within=DELETE_SECONDS,
            )
        except (CallFailed, ProcessFailed, OSError) as error:
            raise NotDeleted(
                f"the cluster {claim.name} could not be deleted: {error}\n"
                f"Hint: {' '.join(map(str, command))}"
            ) from error
        claim.forget()


def _caller_for_deletion(claim: Claim) -> Caller:
    # A full disk must not keep the cluster: what kind prints matters less than that it is run.
    try:
        return Caller(_roomy(claim.folder))
    except OSError:
        return Caller(Path("/"), log=Path(os.devnull))


def _roomy(folder: Path) -> Path:
    try:
        return roomy(folder)
    except OSError:
        return roomy(Path(tempfile.gettempdir()))
