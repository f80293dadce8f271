"""The namespace of a run that has none yet: made here, and gone again with the run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clusters import apply, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clusters.apply import Kube

GONE_SECONDS = 120.0


@contextmanager
def made(kube: Kube, name: str) -> Iterator[None]:
    """Have a namespace while the block lasts; raises apply.NotRemoved if it does not go."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    try:
        kube.apply(namespace)
        yield
    finally:
        _remove(kube, namespace)


def _remove(kube: Kube, namespace: Mapping[str, Any]) -> None:
    def left() -> str:
        try:
            kube.delete(namespace)
        except apply.NotRemoved as error:
            return str(error)
        except apply.Refused as error:
            if error.code != 409:  # it is on its way already
                raise
            return str(error)
        return ""

    try:
        waiting.until(
            left,
            lambda words: not words,
            what="the namespace going",
            within=GONE_SECONDS,
            every=0.2,
        )
    except waiting.TimedOut as error:
        raise apply.NotRemoved(str(error.last)) from error
