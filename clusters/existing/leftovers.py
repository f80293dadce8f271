"""What runs left behind in a cluster: found by their label, and told from what still lives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters import apply, waiting
from clusters.existing import lease
from clusters.ownership import FIELD_MANAGER, RUN_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clusters.existing.api import Api

GONE_SECONDS = 90.0
_NETWORKING = "networking.istio.io/v1alpha3"
#: What a run makes outside of its own namespace, or might have made there in an earlier version.
#: What acts on the gateway goes first.
KINDS = (
    ("EnvoyFilter", _NETWORKING, "envoyfilters"),
    ("WasmPlugin", "extensions.istio.io/v1alpha1", "wasmplugins"),
    ("TrafficExtension", "extensions.istio.io/v1alpha1", "trafficextensions"),
    ("Gateway", "networking.istio.io/v1beta1", "gateways"),
    ("VirtualService", "networking.istio.io/v1beta1", "virtualservices"),
    ("ServiceEntry", "networking.istio.io/v1beta1", "serviceentries"),
    ("DestinationRule", "networking.istio.io/v1beta1", "destinationrules"),
    ("Pod", "v1", "pods"),
    ("Service", "v1", "services"),
    ("ConfigMap", "v1", "configmaps"),
    ("Secret", "v1", "secrets"),
    ("Lease", "coordination.k8s.io/v1", "leases"),
)
NAMESPACES = "/api/v1/namespaces"


@dataclass(frozen=True, slots=True)
class Thing:
    """One object that carries a run's label; `mine` tells whether this project made it."""

    kind: str
    path: str
    uid: str
    run: str
    mine: bool

    def __str__(self) -> str:
        """Return how people name it: "EnvoyFilter istio-system/basic-auth"."""
        parts = self.path.split("/")
        name, scope = parts[-1], parts[-3] if self.kind != "Namespace" else ""
        return f"{self.kind} {scope}/{name}" if scope else f"{self.kind} {name}"


@dataclass(slots=True)
class Run:
    """What is left of one run; `leases` are its signs of life."""

    id: str
    things: list[Thing] = field(default_factory=list)
    leases: list[dict[str, Any]] = field(default_factory=list)

    @property
    def namespaces(self) -> list[Thing]:
        """The namespaces among its things."""
        return [thing for thing in self.things if thing.kind == "Namespace"]


@dataclass(frozen=True, slots=True)
class Found:
    """All runs that left something, by their ids, and the kinds that could not be looked at."""

    runs: Mapping[str, Run]
    unseen: tuple[str, ...]


def find(api: Api, root_namespace: str, run_namespace: str = "") -> Found:
    """Return what carries a run's label, in all namespaces or, where only that is allowed, in two.

    What is inside a namespace that is itself a run's is not listed: it goes with it.
    """
    runs: dict[str, Run] = {}
    unseen = []
    if (spaces := _listed(api, NAMESPACES)) is None:
        unseen.append("namespaces")
    for item in spaces or []:
        thing = _thing("Namespace", NAMESPACES, item)
        run = runs.setdefault(thing.run, Run(thing.run))
        run.things.append(thing)
        inside = _listed(api, lease.path(item["metadata"]["name"])) or []
        run.leases += [one for one in inside if _label(one) == thing.run]
    own = {item["metadata"]["name"] for item in spaces or []}
    for kind, version, plural in KINDS:
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        items = _anywhere(api, base, plural, [root_namespace, run_namespace])
        if items is None:
            unseen.append(plural)
        for item in items or []:
            if (namespace := item["metadata"]["namespace"]) not in own:
                thing = _thing(kind, f"{base}/namespaces/{namespace}/{plural}", item)
                run = runs.setdefault(thing.run, Run(thing.run))
                run.things.append(thing)
                run.leases += [item] if kind == "Lease" else []
    return Found(runs, tuple(unseen))


def _anywhere(
    api: Api, base: str, plural: str, namespaces: Iterable[str]
) -> list[dict[str, Any]] | None:
    """Return labelled objects of a kind, None where nobody lets us look."""
    if (everywhere := _listed(api, f"{base}/{plural}")) is not None:
        return everywhere
    places = dict.fromkeys(filter(None, namespaces))
    found = [_listed(api, f"{base}/namespaces/{each}/{plural}") for each in places]
    seen = [items for items in found if items is not None]
    return [one for items in seen for one in items] if seen else None


def _listed(api: Api, collection: str) -> list[dict[str, Any]] | None:
    try:
        return api.items(collection, labelSelector=RUN_LABEL)
    except apply.Refused as error:
        if error.code != 403:
            raise
    return None


def _label(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["labels"][RUN_LABEL])


def _thing(kind: str, collection: str, item: Mapping[str, Any]) -> Thing:
    metadata = item["metadata"]
    managers = {one.get("manager") for one in metadata.get("managedFields") or []}
    return Thing(
        kind=kind,
        path=f"{collection}/{metadata['name']}",
        uid=metadata["uid"],
        run=_label(item),
        mine=FIELD_MANAGER in managers,
    )


def remove(api: Api, things: Iterable[Thing]) -> None:
    """Delete these very objects, namespaces last, and return once they are gone.

    Raises apply.Refused, apply.Unreachable, or waiting.TimedOut with what is left.
    """
    ordered = sorted(things, key=lambda thing: thing.kind == "Namespace")
    for thing in ordered:
        api.delete(thing.path, uid=thing.uid)
    waiting.until(
        lambda: ", ".join(str(thing) for thing in ordered if _there(api, thing)) or "nothing",
        lambda left: left == "nothing",
        what="the end of what was deleted",
        within=GONE_SECONDS,
        every=0.2,
        hint="kubectl get namespace -o yaml tells what holds it",
    )


def _there(api: Api, thing: Thing) -> bool:
    try:
        return bool(api.get(thing.path)["metadata"]["uid"] == thing.uid)
    except apply.Refused as error:
        if error.code != 404:
            raise
        return False
