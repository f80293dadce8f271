"""DestinationRules of one host and namespace, joined as istiod joins them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clusters.pilot import hosts
from clusters.pilot.documents import NotBuilt

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document


@dataclass(slots=True)
class Joined:
    """Rules that became one, and to which namespaces the first of them is exported."""

    export_to: frozenset[str]
    rule: "Document"


class Index:
    """The rules of one namespace by host; those exported elsewhere stand beside each other."""

    __slots__ = ("_behaviours", "_by_host")

    def __init__(self, behaviours: "Behaviours") -> None:
        self._behaviours = behaviours
        self._by_host: dict[str, list[Joined]] = {}

    def add(self, rule: "Document") -> None:
        """Take one more rule, which is younger than those before.

        Raises NotBuilt for rules of one host that are exported to different namespaces, in releases
        of which it is not known what they make of that.
        """
        export_to, apart = frozenset(rule.spec.get("exportTo") or ()), True
        there = self._by_host.setdefault(host_of(rule), [])
        for one in there:
            if export_to != one.export_to:
                self._check_known(rule, one.rule)
            if export_to == one.export_to or (one.export_to and export_to > one.export_to):
                one.rule, apart = _joined(one.rule, rule), False
            else:
                apart = True
        if apart:
            there.append(Joined(export_to, rule))

    def most_specific(self, host: str) -> list[Joined]:
        """Return the rules whose host covers a service's most closely."""
        covering = (one for one in self._by_host if hosts.covers(one, host))
        closest = min(covering, key=hosts.by_specificity, default=None)
        return [] if closest is None else self._by_host[closest]

    def _check_known(self, rule: "Document", first: "Document") -> None:
        if "destination-rules-join-by-export" not in self._behaviours:
            raise NotBuilt(
                f"{rule.source}: {rule}: the host {host_of(rule)} has a rule at {first.source}, "
                "exported to others; how this release joins them is not known, so it is not built"
            )


def host_of(rule: "Document") -> str:
    """Return the full host that a rule is for."""
    return hosts.fully_qualified(rule.spec.get("host") or "", rule.namespace)


def _joined(first: "Document", later: "Document") -> "Document":
    """Return the first rule with the later one's subsets, and its policy where it has none."""
    own = first.spec.get("subsets") or []
    names = {one.get("name") for one in own}
    more = [one for one in later.spec.get("subsets") or [] if one.get("name") not in names]
    spec = dict(first.spec) | {"subsets": [*own, *more]}
    if spec.get("trafficPolicy") is None:
        spec["trafficPolicy"] = later.spec.get("trafficPolicy")
    return replace(first, spec=spec)
