"""What patches work with while a push is made: themselves by family, the release, the notes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.envoyfilter.ledger import Ledger
    from clusters.pilot.envoyfilter.patch import Patch

MERGES = ("MERGE", "MERGE_AND_REPLACE_LIST")


@dataclass(frozen=True, slots=True)
class Patching:
    """The patches that reach a proxy, each family in the order istiod takes it."""

    families: Mapping[str, tuple["Patch", ...]]
    behaviours: "Behaviours"
    ledger: "Ledger"

    @staticmethod
    def of(patches: Iterable["Patch"], behaviours: "Behaviours", ledger: "Ledger") -> "Patching":
        """Return patches by family, whatever order they come in across families."""
        families: dict[str, tuple[Patch, ...]] = {}
        for patch in patches:
            families[patch.apply_to] = (*families.get(patch.apply_to, ()), patch)
        return Patching(families, behaviours, ledger)

    def family(self, apply_to: str) -> tuple["Patch", ...]:
        """Return the patches of one applyTo."""
        return self.families.get(apply_to, ())

    def narrowed(self, families: Mapping[str, Iterable["Patch"]]) -> "Patching":
        """Return the same work with fewer patches."""
        kept = {name: tuple(patches) for name, patches in families.items()}
        return Patching(kept, self.behaviours, self.ledger)
