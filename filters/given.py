"""What `--filter=PATH` names: a folder with a source, or a module built elsewhere."""

from pathlib import Path

from filters import contracts, module, sources, toolchains, wasm
from filters.module import Module
from filters.sources import Source


class InvalidFilter(ValueError):
    """A path is no filter that can be judged; the text says why and what to do."""


def read(path: Path, contract: str | None) -> Source | Module:
    """Return the filter in `path`; raises InvalidFilter.

    A folder names its contract in `filter.toml`, a file cannot: there `contract` must be given.
    """
    if path.is_dir():
        return _folder(path, contract)
    if not path.is_file():
        raise InvalidFilter(
            f"--filter={path}: no such file or folder\n"
            "Hint: give a .wasm file, or a folder with a filter.toml"
        )
    names = ", ".join(known.name for known in contracts.known())
    if contract is None:
        raise InvalidFilter(
            f"--filter={path}: a module does not say by which contract it wants to be judged; "
            f"known are {names}\n"
            f"Hint: add --contract={contracts.known()[0].name}"
        )
    try:
        found = module.load(
            path.resolve(),
            name=path.stem,
            contract=contracts.find(contract).name,
            language="wasm",
        )
        wasm.check(found.read(), name=str(path))
    except (contracts.UnknownContract, wasm.InvalidModule, OSError) as error:
        raise InvalidFilter(f"--filter={path}: {error}") from error
    return found


def _folder(path: Path, contract: str | None) -> Source:
    try:
        source = sources.read(path)
        toolchains.find(source.language)
    except (
        sources.InvalidSource,
        toolchains.UnknownLanguage,
        toolchains.ToolchainMissing,
    ) as error:
        raise InvalidFilter(f"--filter={path}: {error}") from error
    if contract is not None and contract != source.contract:
        raise InvalidFilter(
            f"--filter={path} --contract={contract}: its filter.toml says {source.contract!r}\n"
            "Hint: leave --contract out"
        )
    return source
