"""Which languages can be built on this machine, and what is missing for the others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from filters.toolchain import Toolchain, ToolchainMissing


@dataclass(frozen=True, slots=True)
class Row:
    """One language: the tools that were found, or why there are none and what to do."""

    language: str
    tools: str = ""
    missing: str = ""
    hint: str = ""


def survey(finders: Mapping[str, Callable[[], Toolchain]]) -> tuple[Row, ...]:
    """Return a row for each language; looking for the tools never fails."""
    return tuple(_row(language, find) for language, find in finders.items())


def _row(language: str, find: Callable[[], Toolchain]) -> Row:
    try:
        return Row(language, tools=find().version)
    except ToolchainMissing as error:
        reason, _, hint = str(error).partition("Hint: ")
        return Row(language, missing=" ".join(reason.split()), hint=hint.strip())


def table(rows: tuple[Row, ...]) -> str:
    """Return the rows as text; a missing language is followed by the command that helps."""
    language = max(len(row.language) for row in rows)
    tools = max(len(row.tools) for row in rows)
    lines = []
    for row in rows:
        state = "usable" if row.tools else f"missing: {row.missing}"
        lines.append(f"{row.language:{language}}  {row.tools or '–':{max(tools, 1)}}  {state}")
        if row.hint:
            lines.append(f"{'':{language}}  {row.hint}")
    return "\n".join(lines) + "\n"
