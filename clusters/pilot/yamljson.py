"""YAML as Kubernetes and istiod read it: the JSON value, and the line each part stands on.

PyYAML's own scalars differ from those of the Go reader (`y` is true there, `1e3` is 1000, `0o17`
is 15, and dates and `12:30` stay strings), so scalars are resolved here; istio.md section 10.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

Path = tuple[str | int, ...]

_TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
_NULL = frozenset(["", "~", "null", "Null", "NULL"])
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?P<prefix>0[xX]|0[oO]|0[bB]|0(?=[0-7]))?(?P<digits>[0-9a-fA-F]+)"
)
_BASES = {"0x": 16, "0o": 8, "0b": 2, "0": 8}
_INFINITE = frozenset(
    f"{sign}.{word}" for word in ("inf", "Inf", "INF") for sign in ("", "+", "-")
) | {".nan", ".NaN", ".NAN"}
_PLAIN = "plain"
_TEXT_TAGS = frozenset(["!", "tag:yaml.org,2002:str"])
_RESOLVED_TAGS = frozenset(
    {_PLAIN} | {f"tag:yaml.org,2002:{one}" for one in ("bool", "int", "float", "null", "timestamp")}
)


class YamlError(ValueError):
    """The text is no YAML that istiod could read; `line` is where, from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Tree:
    """One YAML document: its JSON value and the line (from 1) of every part by its path."""

    value: Any
    lines: dict[Path, int]

    @property
    def line(self) -> int:
        """Return the line the document begins on."""
        return self.lines[()]

    def line_of(self, path: Path) -> int:
        """Return the line of a part, or of the nearest part around it that exists."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def load(text: str) -> Iterator[Tree]:
    """Yield the documents of a YAML text, empty ones left out; raises YamlError."""
    try:
        for node in yaml.compose_all(text, Loader=_Composer):
            lines: dict[Path, int] = {}
            value = _value(node, (), lines)
            if value is not None:
                yield Tree(value, lines)
    except RecursionError as error:
        raise YamlError("an alias (*) lies inside what it stands for", 1) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        last = len(text.splitlines()) or 1  # libyaml points behind the end of a cut-off text
        line = min(mark.line + 1 if mark else 1, last)
        raise YamlError(" ".join(str(error.problem or error.context).split()), line) from error
    except yaml.YAMLError as error:
        raise YamlError(" ".join(str(error).split()), 1) from error


def resolve(text: str) -> Any:
    """Return what an unquoted scalar means to the Go reader."""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text in _NULL:
        return None
    if not text or text[0] not in "+-.0123456789":
        return text
    plain = text if text[0] == "." else text.replace("_", "")
    number = _integer(plain)
    if number is not None:
        return number
    if text in _INFINITE:
        return math.inf
    if not _FLOAT.fullmatch(plain) or math.isinf(real := float(plain)):
        return text
    return int(real) if real.is_integer() else real


def _integer(text: str) -> int | None:
    found = _INTEGER.fullmatch(text)
    if not found:
        return None
    base = _BASES.get((found["prefix"] or "").lower(), 10)
    try:
        number = int(found["sign"] + found["digits"], base)
    except ValueError:
        return None
    return number if -(2**63) <= number < 2**64 else None


class _Composer(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """Composes nodes and leaves every plain scalar as it was written."""

    yaml_implicit_resolvers: ClassVar[dict[str | None, list[tuple[str, re.Pattern[str]]]]] = {
        None: [(_PLAIN, re.compile(".*", re.DOTALL))]
    }


def _value(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), lines) for index, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise YamlError("a key must be a single word", line)
        if key_node.value == "<<" and key_node.tag == _PLAIN:
            raise YamlError("merge keys (<<) are not built yet; write the fields out", line)
        key = _key(_scalar(key_node))
        if key in made:
            raise YamlError(f"the key {key!r} is given twice", line)
        made[key] = _value(value_node, (*path, key), lines)
        lines[(*path, key)] = line
    return made


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def _scalar(node: yaml.Node) -> Any:
    if node.tag in _TEXT_TAGS:
        return node.value
    line = node.start_mark.line + 1
    if node.tag not in _RESOLVED_TAGS:
        raise YamlError(f"the tag {node.tag} means nothing here", line)
    value = resolve(node.value)
    if isinstance(value, float) and not math.isfinite(value):
        raise YamlError(f"{node.value} is no number that JSON can hold", line)
    return value
