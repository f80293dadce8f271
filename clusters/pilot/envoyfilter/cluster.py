"""CLUSTER patches (istio.md sections 1.6 and 1.7, CDS)."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from clusters.pilot.envoyfilter import listener, merge
from clusters.pilot.envoyfilter.ledger import Depth
from clusters.pilot.envoyfilter.patching import MERGES
from clusters.pilot.envoyfilter.value import build
from clusters.pilot.upstreams import BLACK_HOLE

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.patch import Patch
    from clusters.pilot.envoyfilter.patching import Patching

Cluster = dict[str, Any]
_PARTS = 4


def apply(clusters: Iterable[Mapping[str, Any]], patching: "Patching") -> tuple[Cluster, ...]:
    """Return the clusters with every patch applied, those that patches add at the end.

    The clusters given stay as they are.
    """
    patches = patching.family("CLUSTER")
    given = [dict(one) for one in clusters]
    if not patches:
        return tuple(given)
    kept = [one for one in map(deepcopy, given) if _patch(one, patching)]
    return tuple(_deduplicated([*kept, *_added(patching)], len(kept), patching))


def _patch(cluster: Cluster, patching: "Patching") -> bool:
    """Patch a cluster in place; return False if it is removed."""
    where = f"cluster {cluster['name']}"
    patches = patching.family("CLUSTER")
    for at, patch in enumerate(patches):
        if patch.operation == "ADD":
            continue
        reason = _why_not(patch, cluster)
        if reason:
            patching.ledger.failed(patch, Depth.CLUSTER, reason)
        elif patch.operation == "REMOVE":
            patching.ledger.did(patch, where, "removed it all")
            return False
        elif patch.operation not in MERGES:
            text = f"Istio ignores {patch.operation} on CLUSTER; write ADD, REMOVE or MERGE"
            patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
        else:
            try:
                _merge(cluster, patch, where, patching)
            except merge.DescriptorMismatch as panic:
                patching.ledger.panicked(patches[at:], where, str(panic))
                return True
    return True


def _merge(cluster: Cluster, patch: "Patch", where: str, patching: "Patching") -> None:
    value = build(patch.apply_to, patch.value)
    if "transport_socket" in value and "transport-socket-merge" in patching.behaviours:
        # Nothing else of the value is looked at.
        did = _merge_socket(cluster, patch, value["transport_socket"], patching)
        if did:
            patching.ledger.did(patch, where, did)
        else:
            text = "none of its transport_socket_matches has a socket of that name"
            patching.ledger.failed(patch, Depth.OPERATION, f"{text} ({where})")
    elif merge.merge_value(cluster, patch, patching.behaviours):
        patching.ledger.merged(patch, where, "the cluster")
    else:
        text = f"its value changes nothing in {where}"
        patching.ledger.failed(patch, Depth.OPERATION, text)


def _merge_socket(
    cluster: Cluster, patch: "Patch", wanted: dict[str, Any], patching: "Patching"
) -> str:
    """Merge a transport socket; return what was done, "" if the patch is dropped."""
    name = wanted.get("name", "")
    matches = cluster.get("transport_socket_matches") or []
    candidates = [one["transport_socket"] for one in matches if "transport_socket" in one]
    if not matches and "transport_socket" in cluster:
        candidates = [cluster["transport_socket"]]
    merge.check_socket(patch, wanted, candidates, patching.behaviours)
    found = next((one for one in candidates if one.get("name", "") == name), None)
    if found is None:
        if matches:
            return ""
        cluster["transport_socket"] = wanted
        return f"set transport socket {name}"
    if "typed_config" in found and "typed_config" in wanted:
        found["typed_config"] = merge.merge_same(
            found["typed_config"], wanted["typed_config"], patching.behaviours
        )
    return f"merged into transport socket {name}"


def _why_not(patch: "Patch", cluster: Cluster) -> str | None:
    wanted, name = patch.match.get("cluster") or {}, cluster["name"]
    if wanted.get("name"):
        if wanted["name"] == name:
            return None
        return f"the match names cluster `{wanted['name']}`, the gateway has `{name}`"
    parts = name.split("|")
    _, port, subset, host = parts if len(parts) == _PARTS else ("", "", "", "")
    for wish, has in (("subset", subset), ("service", host), ("portNumber", port)):
        if wanted.get(wish) and str(wanted[wish]) != has:
            return f"the match wants {wish} {wanted[wish]}, cluster `{name}` has {has or 'none'}"
    return None


def _added(patching: "Patching") -> Iterator[Cluster]:
    for patch in patching.family("CLUSTER"):
        if patch.operation != "ADD":
            continue
        if listener.any_context_is_ignored(patch, patching):
            text = "Istio 1.12.0 adds nothing to a gateway for the context ANY; write GATEWAY"
            patching.ledger.failed(patch, Depth.CONTEXT, text)
            continue
        made = build(patch.apply_to, patch.value)
        patching.ledger.did(patch, "the gateway", f"added cluster {made.get('name', '')}")
        yield made


def _deduplicated(
    clusters: list[Cluster], generated: int, patching: "Patching"
) -> Iterator[Cluster]:
    """Yield clusters, the first of each name; a release may let services' names come again."""
    repeat = "added-cluster-may-repeat-a-service" in patching.behaviours
    seen: set[str] = set()
    for at, one in enumerate(clusters):
        name = one.get("name", "")
        if repeat and at < generated and name != BLACK_HOLE:
            yield one
        elif name not in seen:
            seen.add(name)
            yield one
