"""Fixtures of the application behind the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bookinfo.app import Application


@pytest.fixture(scope="session")
def bookinfo() -> Iterator[Application]:
    """Bookinfo's stand-in, running; `with bookinfo.watching() as reached` tells what reached it."""
    from bookinfo.app import Application

    application = Application()
    yield application
    application.close()
