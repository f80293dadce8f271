"""What every part of a report is made of."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


def printable(text: object) -> object:
    r"""Return text with control characters and lone surrogates written as ``\x1b`` or ``\udcff``.

    What a gateway answered may hold anything, and ends up in terminals, XML and HTML. Tabs and
    line breaks stay; what is not a string is passed on for pydantic to refuse.
    """
    if not isinstance(text, str):
        return text
    return "".join(
        char if char in "\t\n" or (char.isprintable() or char == "\u00a0") else _escaped(char)
        for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


Text = Annotated[str, BeforeValidator(printable)]


class Row(BaseModel):
    """What every part of a report is: frozen, and strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
