"""The namespace of a run: the one that was made for it, or one that is made here and goes again."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clusters import apply, waiting
from clusters.ownership import RUN_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clusters.apply import Kube

GONE_SECONDS = 120.0


@contextmanager
def joined(kube: Kube, name: str) -> Iterator[Kube]:
    """Yield the API on behalf of the run whose namespace this is, made here if it is not there.

    Raises apply.NotRemoved if one that was made here does not go.
    """
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    found = kube.stored(namespace)
    if found is not None:
        run = (found["metadata"].get("labels") or {}).get(RUN_LABEL)
        yield replace(kube, run=run) if run else kube
        return
    try:
        kube.apply(namespace)
        yield kube
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
