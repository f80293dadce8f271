"""What `--filter=PATH` names: a folder with a source, or a module built elsewhere."""

from dataclasses import replace
from pathlib import Path

from filters import contracts, declaration, module, sources, toolchains, wasm
from filters.module import Module
from filters.sources import Source


class InvalidFilter(ValueError):
    """A path is no filter that can be judged; the text says why and what to do."""


def read(path: Path, contract: str | None, configuration: Path | None = None) -> Source | Module:
    """Return the filter in `path`; raises InvalidFilter.

    A folder names contract and configuration in `filter.toml`, a file cannot: for it they are
    given, the configuration as a file. Without one it gets the example of its contract.
    """
    if path.is_dir():
        return _folder(path, contract, configuration)
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
        wanted = contracts.find(contract)
        found = module.load(
            path.resolve(),
            name=declaration.name_out_of(path.stem),
            contract=wanted.name,
            language="wasm",
        )
        wasm.check(found.read(), name=str(path))
    except (contracts.UnknownContract, wasm.InvalidModule, OSError) as error:
        raise InvalidFilter(f"--filter={path}: {error}") from error
    return replace(
        found,
        configuration=_text(configuration) or wanted.configuration,
        folder=found.path.parent,
    )


def _text(configuration: Path | None) -> str:
    if configuration is None:
        return ""
    try:
        return configuration.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFilter(
            f"--configuration={configuration}: {getattr(error, 'strerror', None) or error}"
        ) from error


def _folder(path: Path, contract: str | None, configuration: Path | None) -> Source:
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
    if configuration is not None:
        raise InvalidFilter(
            f"--filter={path} --configuration={configuration}: a folder says it in filter.toml\n"
            "Hint: configuration = '…' there, and leave --configuration out"
        )
    return source
