"""The contracts that a filter can be judged by."""

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Contract:
    """A promise that several filters, in several languages, can keep.

    `configuration` is one that every filter of the contract accepts.
    """

    name: str
    sentence: str
    suites: str
    configuration: str = ""


class UnknownContract(ValueError):
    """A contract was named that does not exist."""


@cache
def known() -> tuple[Contract, ...]:
    """Every contract, as ordered in `contracts.toml`."""
    table = tomllib.loads(Path(__file__).with_name("contracts.toml").read_text("utf-8"))
    return tuple(Contract(name=name, **entry) for name, entry in table.items())


def find(name: str) -> Contract:
    """Return the contract of this name; raises UnknownContract, which lists the known ones."""
    for contract in known():
        if contract.name == name:
            return contract
    names = [contract.name for contract in known()]
    near = difflib.get_close_matches(name, names, n=1)
    raise UnknownContract(
        f"there is no contract {name!r}; known are {', '.join(names)}"
        + (f". Did you mean {near[0]!r}?" if near else "")
    )
