"""What a filter's cost belongs to: the module it is compared with, and the commit it is at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from filters import module, wasm
from filters.plugin import CHOICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from filters.module import Module
    from filters.revision import Revision


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say what to compare with."""
    parser.getgroup("filters").addoption(
        "--reference",
        type=Path,
        metavar="FILE",
        help="an earlier .wasm of the one filter that is judged: what both cost is compared side "
        "by side (default: the module that was accepted last, if any)",
    )


@pytest.hookimpl(trylast=True)  # after the filters are chosen
def pytest_configure(config: pytest.Config) -> None:
    """Refuse a reference that no proxy loads, or that could be of any of several filters."""
    path: Path | None = config.getoption("--reference")
    if path is None:
        return
    if (count := len(config.stash[CHOICE].filters)) != 1:
        raise pytest.UsageError(
            f"--reference={path} is an earlier module of one filter, and {count} are judged\n"
            "Hint: name the one with --filter=PATH"
        )
    try:
        wasm.check(path.read_bytes(), name=str(path))
    except (wasm.InvalidModule, OSError) as error:
        raise pytest.UsageError(f"--reference={path}: {error}") from error


@pytest.fixture(scope="session")
def reference_module(pytestconfig: pytest.Config) -> Callable[[Path | None], Module | None]:
    """Return a function that loads the module to compare with: --reference, or a given file."""
    asked: Path | None = pytestconfig.getoption("--reference")

    def load(otherwise: Path | None) -> Module | None:
        path = asked or otherwise
        if path is None:
            return None
        return module.load(path.resolve(), name="reference", contract="any", language="wasm")

    return load


@pytest.fixture(scope="session")
def filter_revision(wasm_filter: Module) -> Revision:
    """Return the commit of the filter that is judged: `.commit`, or `.unknown` says why not."""
    from filters import revision

    return revision.of(wasm_filter.folder or wasm_filter.path.parent)
