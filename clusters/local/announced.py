"""Objects that change under istiod: in which order, and which of them it names when it pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusters.pilot import delegation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document, Key

#: Kinds whose changes istiod does not tell of in every release. A pull secret reaches only proxies
#: that proved who they are, which needs the TLS port.
UNTOLD = "Secret/"
VIRTUAL_SERVICE = "VirtualService/"


def in_order(documents: Mapping[Key, Document]) -> dict[Key, Document]:
    """Return documents with VirtualServices that others delegate to before all others.

    istiod tells of the one that delegates; it shall have seen what that delegates to by then.
    """
    leaves = {
        key: one
        for key, one in documents.items()
        if one.kind == "VirtualService" and not one.spec.get("hosts")
    }
    return leaves | dict(documents)


def announced(
    changed: Collection[str],
    before: Iterable[Document],
    after: Iterable[Document],
    behaviours: Behaviours,
) -> set[str]:
    """Return the names of what istiod tells of, as "EnvoyFilter/namespace/name".

    `changed` are the names of the objects that are not the same `before` and `after`.
    """
    told = {one for one in changed if not one.startswith(UNTOLD)}
    if "virtual-services-put-together-first" not in behaviours:
        return told
    whole = {"/".join(key) for key in delegation.changed(before, after)}
    return {one for one in told if not one.startswith(VIRTUAL_SERVICE)} | whole
