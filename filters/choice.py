"""Which filters a run judges."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filters import given, sources, toolchains
from filters.given import InvalidFilter
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


def languages(given: Sequence[str]) -> tuple[str, ...]:
    """Return the languages that were named, also several in one word; raises InvalidFilter."""
    named = tuple(name.strip() for word in given for name in word.split(","))
    for name in named:
        if name not in toolchains.LANGUAGES:
            near = difflib.get_close_matches(name, toolchains.LANGUAGES, n=1)
            raise InvalidFilter(
                f"--language={name}: nothing here builds that; "
                f"known are {', '.join(toolchains.LANGUAGES)}\n"
                f"Hint: --language={near[0] if near else toolchains.LANGUAGES[0]}"
            )
    return named


NONE = Choice((), given=True)
"""No filter at all: something else is judged."""


def bundled(
    *, languages: Sequence[str], contract: str | None, configuration: Path | None = None
) -> Choice:
    """Return the filters of this project, in all languages or in some; raises InvalidFilter."""
    for option, value in (("contract", contract), ("configuration", configuration)):
        if value is not None:
            raise InvalidFilter(
                f"--{option}={value} names the {option} of a module, and no --filter is given\n"
                "Hint: add --filter=FILE.wasm, or choose tests by folder or with --rule"
            )
    found = sources.bundled()
    # TinyGo is another compiler for the same Go sources; only who names it wants both.
    tiny = tuple(replace(each, language="tinygo") for each in found if each.language == "go")
    chosen = tuple(f for f in found + tiny if f.language in languages) if languages else found
    return Choice(chosen, given=False)


def of_paths(
    paths: Sequence[Path],
    *,
    languages: Sequence[str],
    contract: str | None,
    configuration: Path | None = None,
) -> Choice:
    """Return the filters that the user named; raises InvalidFilter."""
    if languages:
        raise InvalidFilter(
            "--language chooses among the bundled filters, and --filter replaces them\n"
            "Hint: leave one of them out"
        )
    found = tuple(given.read(path, contract, configuration) for path in paths)
    return Choice(found, given=True)


def nothing_left(chosen: Choice, asked: Iterable[str], *, checks: int) -> str:
    """Return what to tell where no test of a run judges a chosen filter."""
    judged = " or ".join(repr(contract) for contract in asked)
    kept = ", ".join(f"{f.label} ({f.contract})" for f in chosen.filters) or "no filter"
    return (
        f"no check is left: the {checks} that were found judge the contract {judged}, "
        f"and what is judged is {kept}\n"
        "Hint: pytest suites/ takes the checks that fit; --contract=NAME says what a .wasm keeps"
    )


def build_given(chosen: Choice) -> None:
    """Build what the user named: what does not compile is one error, not one for every test."""
    from filters import build, cache, wasm

    for source in chosen.filters:
        if isinstance(source, Source):
            try:
                build.build(source)
            except (build.BuildFailed, cache.CacheUnwritable, wasm.InvalidModule) as error:
                raise InvalidFilter(f"--filter={source.folder}: {error}") from error


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
