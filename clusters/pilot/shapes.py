"""What a JSON value must look like, and where it does not: the words for Istio's API tables."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from clusters.pilot import durations
from clusters.pilot.yamljson import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a value, and where; `built` is False where Istio has it."""

    path: Path
    text: str
    built: bool = True


Shape = Callable[[Any, Path], Iterator[Problem]]


def text(value: Any, path: Path) -> Iterator[Problem]:
    """A string."""
    if not isinstance(value, str):
        yield Problem(path, f"expected text, got {_show(value)}; quote it")


def flag(value: Any, path: Path) -> Iterator[Problem]:
    """True or false."""
    if not isinstance(value, bool):
        yield Problem(path, f"expected true or false, got {_show(value)}")


def whole(value: Any, path: Path) -> Iterator[Problem]:
    """A whole number that is not negative, as 32 bits hold it."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
        yield Problem(path, f"expected a whole number from 0 to 4294967295, got {_show(value)}")


def signed(value: Any, path: Path) -> Iterator[Problem]:
    """A whole number as 32 bits hold it."""
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        yield Problem(path, f"expected a whole number of 32 bits, got {_show(value)}")


def number(value: Any, path: Path) -> Iterator[Problem]:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield Problem(path, f"expected a number, got {_show(value)}")


def duration(value: Any, path: Path) -> Iterator[Problem]:
    """A duration such as 1.5s or 100ms."""
    if not isinstance(value, str) or durations.nanoseconds(value) is None:
        yield Problem(path, f"expected a duration such as 1.5s, got {_show(value)}")


def mapping(value: Any, path: Path) -> Iterator[Problem]:
    """An object whose content is checked elsewhere."""
    if not isinstance(value, Mapping):
        yield Problem(path, f"expected a mapping, got {_show(value)}")


def one_of(*names: str) -> Shape:
    """One of these names, exactly."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if value not in names:
            yield Problem(path, f"unknown value {_show(value)}; {_known(value, names)}")

    return check


def only_built(built: tuple[str, ...], known: tuple[str, ...]) -> Shape:
    """One of `known`; those outside `built` are refused as not built."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if value in known and value not in built:
            yield Problem(path, f"{value} is known to Istio but not built yet", built=False)
        else:
            yield from one_of(*known)(value, path)

    return check


def protocol(built: tuple[str, ...], known: tuple[str, ...]) -> Shape:
    """A protocol, which Istio reads in any case of letters."""
    shape = only_built(built, known)

    def check(value: Any, path: Path) -> Iterator[Problem]:
        yield from shape(value.upper() if isinstance(value, str) else value, path)

    return check


def list_of(item: Shape) -> Shape:
    """A list of values of one shape."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(path, f"expected a list, got {_show(value)}")
            return
        for index, one in enumerate(value):
            yield from item(one, (*path, index))

    return check


def map_of(item: Shape) -> Shape:
    """An object with free keys and values of one shape."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        yield from mapping(value, path)
        if isinstance(value, Mapping):
            for key, one in value.items():
                yield from item(one, (*path, key))

    return check


def message(**fields: Shape) -> Shape:
    """An object with these fields, each of them optional."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield Problem(path, f"expected a mapping, got {_show(value)}")
            return
        for key, one in value.items():
            if key not in fields:
                yield Problem((*path, key), f"unknown field `{key}`; {_known(key, tuple(fields))}")
            elif one is not None:
                yield from fields[key](one, (*path, key))

    return check


def nullable(**fields: Shape) -> Shape:
    """An object with these fields, or null."""
    shape = message(**fields)

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if value is not None:
            yield from shape(value, path)

    return check


def not_built(value: Any, path: Path) -> Iterator[Problem]:
    """A field that Istio has and the embedded control plane does not read yet."""
    if value not in (None, {}, [], "", False):
        yield Problem(path, "known to Istio but not built yet", built=False)


def _known(value: Any, names: tuple[str, ...]) -> str:
    near = get_close_matches(str(value), names, n=1, cutoff=0.5)
    hint = f" (did you mean `{near[0]}`?)" if near else ""
    return f"known are {', '.join(names)}{hint}"


def _show(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list) else repr(value)
