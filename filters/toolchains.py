"""The languages that filters can be written in, and the tools that build them."""

from collections.abc import Callable

from filters import assemblyscript, cpp, golang, rust, tinygo
from filters.toolchain import Toolchain, ToolchainMissing

__all__ = ["LANGUAGES", "ToolchainMissing", "UnknownLanguage", "find"]

FINDERS: dict[str, Callable[[], Toolchain]] = {
    "cpp": cpp.find,
    "rust": rust.find,
    "go": golang.find,
    "tinygo": tinygo.find,
    "assemblyscript": assemblyscript.find,
}
LANGUAGES = tuple(FINDERS)


class UnknownLanguage(ValueError):
    """Nothing here builds this language."""


def find(language: str) -> Toolchain:
    """Return the toolchain of a language; raises ToolchainMissing with what to install."""
    if language not in FINDERS:
        raise UnknownLanguage(
            f"nothing here builds {language!r}; built are {', '.join(LANGUAGES)}. "
            "A module built elsewhere is given as --filter=FILE.wasm --contract=NAME"
        )
    return FINDERS[language]()
