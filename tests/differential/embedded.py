"""The embedded control plane's answers, in the form of a real istiod's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from clusters.pilot import documents, protos, validation
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.node import ingress_gateway
from clusters.pilot.push import push
from tests.differential import asking
from tests.differential.asking import CDS, ECDS, EDS, LDS, RDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clusters.release import Release
    from tests.differential.asking import Resources

NOT_BUILT = "not built"


def admits(thing: Mapping[str, Any], release: Release) -> dict[str, Any]:
    """Return what is said of an object: `refused`, `not built`, or its `warnings`, or nothing."""
    try:
        [document] = documents.parse(json.dumps(thing), source="set")
        warnings = validation.webhook(document, Behaviours.of(release))
    except documents.NotBuilt as error:
        return {NOT_BUILT: str(error)}
    except documents.InvalidDocument as error:
        return {"refused": str(error)}
    return {"warnings": list(warnings)} if warnings else {}


def answers(things: Iterable[Mapping[str, Any]], release: Release) -> Resources:
    """Return what a gateway gets that asks for all it can; raises documents.InvalidDocument."""
    parsed = documents.together(*(documents.parse(json.dumps(one), source="set") for one in things))
    snapshot = push(parsed, ingress_gateway(release.version), release)
    sent = {
        LDS: snapshot.listeners,
        CDS: snapshot.clusters,
        RDS: snapshot.routes,
        EDS: snapshot.endpoints,
        ECDS: snapshot.extensions,
    }
    every = {
        kind: asking.named([_travelled(one, asking.URLS[kind]) for one in found])
        for kind, found in sent.items()
    }
    found = {LDS: every[LDS], CDS: every[CDS]}
    for kind in (LDS, CDS):
        for next_kind, names in asking.follow_up(kind, every[kind]).items():
            found[next_kind] = {
                name: one
                for name, one in every[next_kind].items()
                if name.partition(" #")[0] in names
            }
    return found


def _travelled(resource: Mapping[str, Any], type_url: str) -> dict[str, Any]:
    return protos.unpack(protos.pack(resource, type_url))
