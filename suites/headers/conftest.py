"""How the checks of header filters begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from suites.deployment import Deployer, Deployment, Module, Proof


class Change(Protocol):
    """Puts changes in front of every route; the options are those of the place's `render`."""

    def __call__(
        self, module: Module, configuration: Mapping[str, Any], **options: Any
    ) -> AbstractContextManager[Deployment]:
        """Return a block in which the changes act."""


@pytest.fixture(scope="session")
def change(deploy: Deployer) -> Change:
    """A context manager that puts a filter with this configuration in front of every route.

    It acts once the product page carries any header that the configuration sets.
    """

    def changed(
        module: Module, configuration: Mapping[str, Any], **options: Any
    ) -> AbstractContextManager[Deployment]:
        return deploy(module, configuration, proof=_sets_any(configuration), **options)

    return changed


def _sets_any(configuration: Mapping[str, Any]) -> Proof:
    # Any, not all: a filter that forgets one of them is at work, and its checks must say so.
    names = [*configuration.get("replace", ()), *configuration.get("add", ())]

    def shown(gateway: Any) -> bool:
        reply = gateway.send("GET", "/productpage")
        return any(reply.values(name) for name in names)

    return shown
