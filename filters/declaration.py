"""filter.toml: what a filter says of itself, and the words for what is wrong with one."""

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from filters import contracts

_TIME = re.compile(r"(\d+(?:\.\d+)?) ?(ns|us|µs|ms)")
_NANOSECONDS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000}
LANGUAGE_NAMES = ("cpp", "rust", "go", "tinygo", "assemblyscript")


class InvalidDeclaration(ValueError):
    """A filter.toml that says too little, or something that means nothing; the text says what."""


class Declaration(BaseModel):
    """A filter.toml: one folder, one filter."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, title="filter.toml")

    name: str = Field(
        default="",
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        description="what reports call the filter; without it, the name of its folder",
    )
    contract: str = Field(
        json_schema_extra={"enum": [contract.name for contract in contracts.known()]},
        description="the promise that it is judged by",
    )
    language: str = Field(
        json_schema_extra={"enum": list(LANGUAGE_NAMES)},
        description="what it is written in",
    )
    configuration: str | dict[str, JsonValue] = Field(
        default="",
        description="what it is configured with where a check asks no more than that it loads: "
        "text, or a table that becomes JSON; without it, the example of its contract",
    )
    max_overhead: str = Field(
        default="",
        pattern=f"^({_TIME.pattern})?$",
        description="what it may add to a request at most, such as 2.5us: the upper end of the "
        "measured interval is held against it",
    )

    @property
    def configuration_text(self) -> str:
        """Return the configuration as the filter reads it."""
        if isinstance(self.configuration, str):
            return self.configuration or contracts.find(self.contract).configuration
        return json.dumps(self.configuration, ensure_ascii=False)

    @property
    def max_overhead_ns(self) -> float | None:
        """Return the budget in ns, None where there is none."""
        if (found := _TIME.fullmatch(self.max_overhead)) is None:
            return None
        return float(found[1]) * _NANOSECONDS[found[2]]


def parse(text: str, *, folder: str) -> Declaration:
    """Return what a filter.toml says; `folder` is its name where it gives none.

    Raises InvalidDeclaration with every key that is wrong and the nearest one that is known.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidDeclaration(f"is not valid TOML: {error}") from error
    try:
        found = Declaration.model_validate({"name": name_out_of(folder)} | table)
        contracts.find(found.contract)
    except ValidationError as error:
        raise InvalidDeclaration("; ".join(_words(each) for each in error.errors())) from error
    except contracts.UnknownContract as error:
        raise InvalidDeclaration(f"contract: {error}") from error
    if found.language not in LANGUAGE_NAMES:
        raise InvalidDeclaration(
            f"language: nothing here builds {found.language!r}; "
            f"known are {', '.join(LANGUAGE_NAMES)}{_near(found.language, LANGUAGE_NAMES)}"
        )
    return found


def schema() -> str:
    """Return the JSON Schema of filter.toml as it is published."""
    return json.dumps(Declaration.model_json_schema(), indent=2) + "\n"


def name_out_of(text: str) -> str:
    """Return the name of a file or folder as one that documents can carry."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    return kept.strip("-") or "filter"


def _words(error: Mapping[str, Any]) -> str:
    key = str(error["loc"][0])
    keys = tuple(Declaration.model_fields)
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key {key!r}; known are {', '.join(keys)}{_near(key, keys)}"
        case "missing":
            return f"{key} is missing"
        case "string_pattern_mismatch" if key == "max_overhead":
            return f"max_overhead: {error['input']!r} is no time such as 2.5us (ns, us or ms)"
        case "string_pattern_mismatch":
            return f"{key}: {error['input']!r} is no name (lower-case letters, digits and -)"
        case _ if key == "configuration":
            return "configuration: must be a text, or a table that JSON can hold"
        case _:
            return f"{key}: must be a text, is {error['input']!r}"


def _near(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f". Did you mean {near[0]!r}?" if near else ""
