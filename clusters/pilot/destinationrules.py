"""The DestinationRule that holds for a service as a proxy sees it, and its policies by port."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from clusters.pilot import hosts
from clusters.pilot.documents import NotBuilt
from clusters.pilot.order import by_age
from clusters.pilot.services import Service, exported

if TYPE_CHECKING:
    from clusters.pilot.documents import Document
    from clusters.pilot.node import Node

ROOT_NAMESPACE = "istio-system"
_POLICIES = ("connectionPool", "loadBalancer", "outlierDetection", "tls")

Policy = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subset:
    """One named part of a service: the labels its endpoints have, and its own policy."""

    name: str
    labels: Mapping[str, str]
    policy: Policy


@dataclass(frozen=True, slots=True)
class Rule:
    """What one DestinationRule says."""

    namespace: str
    name: str
    policy: Policy = field(default_factory=dict)
    subsets: tuple[Subset, ...] = ()

    def policy_for(self, port: int, subset: Subset | None = None) -> Policy:
        """Return what holds at a port: its own settings or all others, a subset's before those."""
        ours, _ = _at_port(self.policy, port)
        if subset is None or not subset.policy:
            return ours
        theirs, of_port = _at_port(subset.policy, port)
        # Settings for a port inherit nothing: what they leave out is the default, not the rule's.
        return theirs if of_port else dict(ours) | dict(theirs)


class Rules:
    """Finds the rule of a service, as istiod does for one proxy."""

    __slots__ = ("_candidates", "_node_namespace")

    def __init__(self, node_namespace: str, candidates: Mapping[str, list["Document"]]) -> None:
        self._node_namespace = node_namespace
        self._candidates = candidates

    @classmethod
    def of(cls, documents: Iterable["Document"], node: "Node") -> Self:
        """Return the rules among the documents.

        Raises NotBuilt where two of one namespace name one host, for how istiod joins them is not.
        """
        found: dict[str, list[Document]] = {}
        known: dict[tuple[str, str], Document] = {}
        rules = (one for one in documents if one.kind == "DestinationRule")
        for rule in sorted(rules, key=by_age):
            first = known.setdefault((rule.namespace, _host(rule)), rule)
            if first is not rule:
                raise NotBuilt(
                    f"{rule.source}: {rule}: the host {_host(rule)} has a rule at {first.source}; "
                    "joining DestinationRules of one host is known to Istio but not built yet"
                )
            found.setdefault(rule.namespace, []).append(rule)
        return cls(node.namespace, found)

    def for_service(self, service: Service) -> Rule | None:
        """Return the rule for a service: of the proxy's namespace, the service's, or the root's."""
        near = [one for one in self._in(self._node_namespace) if self._local(one)]
        for candidates in (
            near,
            self._exported(service.namespace),
            self._exported(ROOT_NAMESPACE),
        ):
            if found := _most_specific(service.host, candidates):
                return _rule(found)
        return None

    def _in(self, namespace: str) -> list["Document"]:
        return self._candidates.get(namespace, [])

    def _local(self, rule: "Document") -> bool:
        targets = set(rule.spec.get("exportTo") or ["*"])
        if self._node_namespace == ROOT_NAMESPACE:
            # A public rule of the root namespace is meant for everybody: the service's goes first.
            return targets in ({"."}, {rule.namespace})
        return bool(targets & {"*", ".", rule.namespace})

    def _exported(self, namespace: str) -> list["Document"]:
        return [
            one
            for one in self._in(namespace)
            if exported(one.spec.get("exportTo") or (), one.namespace, self._node_namespace)
            and set(one.spec.get("exportTo") or ["*"]) not in ({"."}, {one.namespace})
        ]


def _most_specific(host: str, rules: Iterable["Document"]) -> "Document | None":
    covering = [one for one in rules if hosts.covers(_host(one), host)]
    return min(covering, key=lambda one: hosts.by_specificity(_host(one)), default=None)


def _host(rule: "Document") -> str:
    return hosts.fully_qualified(rule.spec.get("host") or "", rule.namespace)


def _rule(document: "Document") -> Rule:
    return Rule(
        namespace=document.namespace,
        name=document.name,
        policy=document.spec.get("trafficPolicy") or {},
        subsets=tuple(
            Subset(one["name"], one.get("labels") or {}, one.get("trafficPolicy") or {})
            for one in document.spec.get("subsets") or []
        ),
    )


def _at_port(policy: Policy, port: int) -> tuple[Policy, bool]:
    """Return the policies at a port, and whether they are the port's own."""
    for one in policy.get("portLevelSettings") or []:
        if (one.get("port") or {}).get("number") == port:
            return _given(one), True
    return _given(policy), False


def _given(policy: Policy) -> Policy:
    return {name: policy[name] for name in _POLICIES if policy.get(name) is not None}
