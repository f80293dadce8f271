"""The DestinationRule that holds for a service as a proxy sees it, and its policies by port."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from clusters.pilot.order import by_age
from clusters.pilot.rulejoining import Index, Joined

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document
    from clusters.pilot.node import Node
    from clusters.pilot.services import Service

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

    __slots__ = ("_exported", "_local", "_node_namespace", "_private")

    def __init__(self, node: "Node", behaviours: "Behaviours") -> None:
        self._node_namespace = node.namespace
        self._local, self._exported, self._private = (
            defaultdict[str, Index](lambda: Index(behaviours)) for _ in range(3)
        )

    @classmethod
    def of(cls, documents: Iterable["Document"], node: "Node", behaviours: "Behaviours") -> Self:
        """Return the rules among the documents; raises NotBuilt, see `rulejoining.Index.add`."""
        made = cls(node, behaviours)
        rules = (one for one in documents if one.kind == "DestinationRule")
        for rule in sorted(rules, key=by_age):
            made._add(rule)
        return made

    def _add(self, rule: "Document") -> None:
        targets = set(rule.spec.get("exportTo") or ())
        if not targets or targets & {"*", ".", rule.namespace}:
            self._local[rule.namespace].add(rule)
        private = targets in ({"."}, {rule.namespace})
        (self._private if private else self._exported)[rule.namespace].add(rule)

    def for_service(self, service: "Service") -> Rule | None:
        """Return the rule for a service: of the proxy's namespace, the service's, or the root's."""
        # A public rule of the root namespace is meant for everybody: the service's goes first.
        near = self._private if self._node_namespace == ROOT_NAMESPACE else self._local
        for found in (
            near[self._node_namespace].most_specific(service.host),
            self._exported_from(service.namespace, service.host),
            self._exported_from(ROOT_NAMESPACE, service.host),
        ):
            if found:
                return _rule(found[-1].rule)
        return None

    def _exported_from(self, namespace: str, host: str) -> list[Joined]:
        return [
            one
            for one in self._exported[namespace].most_specific(host)
            if not one.export_to or one.export_to & {"*", self._node_namespace}
        ]


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
