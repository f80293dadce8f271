"""Constraints of an OpenAPI schema and rules in CEL: how they judge, and the API server's words.

The texts are those of Kubernetes' own validation of custom resources (kube-openapi and
apiextensions-apiserver). Types, ranges of 32 bits and unknown names are refused earlier, by the
shapes that the documents are read with.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_FREE = ("value", "pluginConfig")
"""Fields whose content no schema knows."""

_UNCHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object "
    "was invalid; correct the existing errors to complete validation"
)
_STEP = re.compile(r"\[\]|\{\}|[^.\[\]{}]+")


@dataclass(frozen=True, slots=True)
class Failure:
    """One broken constraint; `blocking` ones keep the API server from looking at the CEL rules."""

    text: str
    blocking: bool = False


Check = Callable[[Any, str], Iterator[Failure]]
"""What is wrong with a value, given how the API server names its place."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A check and the places it is made at: `spec.hosts[]` is every host, `{}` every map value.

    CEL rules come after everything else, and write the key of a map in brackets.
    """

    places: tuple[str, ...]
    check: Check
    cel: bool = False


Table = Sequence[Constraint]


def at(*places: str, under: Sequence[str] = ("spec",), check: Check) -> Constraint:
    """Return a constraint of the schema at places under each of some others."""
    return Constraint(_joined(under, places), check)


def rule(*places: str, under: Sequence[str] = ("spec",), check: Check) -> Constraint:
    """Return a CEL rule at places under each of some others."""
    return Constraint(_joined(under, places), check, cel=True)


def _joined(under: Sequence[str], places: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        f"{one}{'' if place[:1] in ('', '[', '{') else '.'}{place}"
        for one in under
        for place in places
    )


def judged(spec: Mapping[str, Any], table: Table, unknown: Sequence[str] = ()) -> tuple[str, ...]:
    """Return every error, the schema's before those of the CEL rules.

    `unknown` are the errors about values that the schema does not name.
    """
    root = {"spec": spec}
    found = [Failure(text, blocking=True) for text in unknown]
    found += _failures(root, table, cel=False)
    if not any(one.blocking for one in found):
        found += _failures(root, table, cel=True)
    elif any(constraint.cel for constraint in table):
        found.append(Failure(_UNCHECKED))
    return tuple(one.text for one in found)


def _failures(root: Mapping[str, Any], table: Table, *, cel: bool) -> Iterator[Failure]:
    for constraint in table:
        if constraint.cel != cel:
            continue
        for place in constraint.places:
            for name, value in _found(root, _STEP.findall(place), "", cel=cel):
                yield from constraint.check(value, name)


def _found(value: Any, steps: Sequence[str], name: str, *, cel: bool) -> Iterator[tuple[str, Any]]:
    if not steps:
        yield name, value
        return
    step, rest = steps[0], steps[1:]
    if step == "[]":
        for index, one in enumerate(value):
            yield from _found(one, rest, f"{name}[{index}]", cel=cel)
    elif step == "{}":
        for key, one in value.items():
            yield from _found(one, rest, f"{name}[{key}]" if cel else f"{name}.{key}", cel=cel)
    elif isinstance(value, Mapping) and step in value:
        yield from _found(value[step], rest, f"{name}.{step}" if name else step, cel=cel)


def without_nulls(value: Any) -> Any:
    """Return a value without the fields that are null, as the API server drops them."""
    if isinstance(value, Mapping):
        return {
            key: one if key in _FREE else without_nulls(one)
            for key, one in value.items()
            if one is not None
        }
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def broken(name: str, value: Any, message: str) -> Failure:
    """Return the words for a value that breaks a CEL rule: of the value, the type is shown."""
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}
    return Failure(f'{name}: Invalid value: "{kinds.get(type(value), "number")}": {message}')


def _invalid(name: str, value: Any, words: str) -> Failure:
    shown = json.dumps(value, ensure_ascii=False)
    return Failure(f"{name}: Invalid value: {shown}: {name} in body {words}")


def required(*fields: str) -> Check:
    """Every one of these fields is there."""

    def check(value: Any, name: str) -> Iterator[Failure]:
        if not isinstance(value, Mapping):
            return
        for field in fields:
            if field not in value:
                yield Failure(f"{name}.{field}: Required value", blocking=True)

    return check


def at_most_one(*fields: str) -> Check:
    """No two of these fields are there."""

    def check(value: Any, name: str) -> Iterator[Failure]:
        given = [one for one in fields if one in value] if isinstance(value, Mapping) else []
        if len(given) > 1:
            told = f"must validate one and only one schema (oneOf). Found {len(given)} valid"
            yield Failure(f'<nil>: Invalid value: "": "{name}" {told} alternatives')

    return check


def at_most_one_of_each(*groups: tuple[str, ...]) -> Check:
    """No two fields of one group are there, where the schema states the groups together."""
    checks = [at_most_one(*fields) for fields in groups]

    def check(value: Any, name: str) -> Iterator[Failure]:
        found = [list(one(value, name)) for one in checks]
        yield from itertools.chain.from_iterable(found)
        if any(found):
            none = ". None validated" if all(found) else ""
            text = f'"{name}" must validate all the schemas (allOf){none}'
            yield Failure(f'<nil>: Invalid value: "": {text}')

    return check


def most(count: int) -> Check:
    """A list or map of at most so many."""

    def check(value: Any, name: str) -> Iterator[Failure]:
        if len(value) > count:
            text = f"{name}: Too many: {len(value)}: must have at most {count} items"
            yield Failure(text, blocking=True)

    return check


def fewest(count: int) -> Check:
    """A list of at least so many."""

    def check(value: Any, name: str) -> Iterator[Failure]:
        if len(value) < count:
            yield _invalid(name, len(value), f"should have at least {count} items")

    return check


def sized(lowest: int = 0, highest: int | None = None, pattern: str = "") -> Check:
    """A text of so many characters, in which a pattern is found: the first mistake is named."""
    expression = re.compile(pattern)

    def check(value: Any, name: str) -> Iterator[Failure]:
        if highest is not None and len(value) > highest:
            yield Failure(f"{name}: Too long: may not be more than {highest} bytes", blocking=True)
        elif len(value) < lowest:
            yield _invalid(name, value, f"should be at least {lowest} chars long")
        elif not expression.search(value):
            yield _invalid(name, value, f"should match '{pattern}'")

    return check


def within(lowest: int, highest: int | None = None) -> Check:
    """A number in a range."""

    def check(value: Any, name: str) -> Iterator[Failure]:
        if value < lowest:
            yield _invalid(name, value, f"should be greater than or equal to {lowest}")
        if highest is not None and value > highest:
            yield _invalid(name, value, f"should be less than or equal to {highest}")

    return check


def supported(*values: str) -> Check:
    """One of these names."""

    def check(value: Any, name: str) -> Iterator[Failure]:
        if value not in values:
            known = ", ".join(f'"{one}"' for one in values)
            text = f'{name}: Unsupported value: "{value}": supported values: {known}'
            yield Failure(text, blocking=True)

    return check


def unique(field: str) -> Check:
    """No two items of a list have the same value in a field."""

    def check(value: Any, name: str) -> Iterator[Failure]:
        seen = set()
        for index, one in enumerate(value):
            key = one.get(field)
            if key in seen:
                shown = json.dumps({field: key}, separators=(",", ":"), ensure_ascii=False)
                yield Failure(f"{name}[{index}]: Duplicate value: {shown}")
            seen.add(key)

    return check


def no_null(value: Any, name: str) -> Iterator[Failure]:
    """An object, where the list it stands in would let null through."""
    if value is None:
        text = f'{name}: Invalid value: "null": {name} in body must be of type object: "null"'
        yield Failure(text, blocking=True)
