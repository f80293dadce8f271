"""Which filters a run judges."""

from dataclasses import dataclass

from filters.module import Module
from filters.sources import Source

Chosen = Source | Module


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters of a run; `given` are those that the user named instead of the bundled ones."""

    filters: tuple[Chosen, ...]
    given: bool

    def of(self, contract: str) -> tuple[Chosen, ...]:
        """Return the filters that keep this contract; every filter keeps "any"."""
        return tuple(f for f in self.filters if contract in ("any", f.contract))

    def judges(self, contract: str | None) -> bool:
        """Return whether a test of this contract has a place in the run."""
        return not self.given or contract is None or bool(self.of(contract))


def ids(filters: tuple[Chosen, ...]) -> list[str]:
    """Return one id per filter: the language where that tells them apart, else the name too."""
    languages = [f.language for f in filters]
    if len(set(languages)) == len(languages):
        return languages
    names = [f"{f.name}-{f.language}" for f in filters]
    return [
        name if names.count(name) == 1 else f"{name}-{number}"
        for number, name in enumerate(names, start=1)
    ]
