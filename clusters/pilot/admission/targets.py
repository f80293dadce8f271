"""What the CRDs say of the fields that select workloads, in every kind that has them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from clusters.pilot.admission import rules
from clusters.pilot.admission.schema import Constraint, at, most, required, rule, sized

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

_GROUP = r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_KIND = "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"


def references(behaviours: "Behaviours", *under: str) -> Iterator[Constraint]:
    """Yield what holds for targetRefs, which stand at some places."""
    if "crd-value-rules" in behaviours:
        yield at("", under=under, check=required("kind", "name"))
        yield at("group", under=under, check=sized(highest=253, pattern=_GROUP))
        yield at("kind", under=under, check=sized(1, 63, _KIND))
        yield at("name", under=under, check=sized(1, 253))
        yield rule("namespace", under=under, check=rules.SAME_NAMESPACE)
    if "crd-target-kinds" in behaviours:
        with_service_entry = "crd-spec-rules" in behaviours
        check = rules.kinds_of_target(with_service_entry=with_service_entry)
        yield rule("", under=under, check=check)
    if "crd-spec-rules" in behaviours:
        yield at("targetRefs", check=most(16))


def match_labels(behaviours: "Behaviours", place: str) -> Iterator[Constraint]:
    """Yield what holds for the labels of a selector."""
    if "crd-value-rules" in behaviours:
        yield at(place, check=most(4096))
        yield at(f"{place}{{}}", check=sized(highest=63))
        yield rule(place, check=rules.NO_WILDCARD_KEY)
        yield rule(place, check=rules.NO_EMPTY_KEY)
        yield rule(f"{place}{{}}", check=rules.NO_WILDCARD_VALUE)
