"""How the checks of basic-auth filters begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from suites.basic_auth import model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from suites.deployment import Deployer, Deployment, Module, Proof


class Protect(Protocol):
    """Puts rules in front of every route; the options are those of the place's `render`."""

    def __call__(
        self, module: Module, configuration: Mapping[str, Any], **options: Any
    ) -> AbstractContextManager[Deployment]:
        """Return a block in which the rules act."""


@pytest.fixture(scope="session")
def protect(deploy: Deployer) -> Protect:
    """A context manager that puts a filter with these rules in front of every route.

    It acts once a request without credentials, to any of its rules, is not let through.
    """

    def protected(
        module: Module, configuration: Mapping[str, Any], **options: Any
    ) -> AbstractContextManager[Deployment]:
        return deploy(module, configuration, proof=_denies_any(configuration), **options)

    return protected


def _denies_any(configuration: Mapping[str, Any]) -> Proof:
    # Any rule, and whatever the denial looks like: a filter that forgets one rule, or answers by
    # another status, is at work, and its checks must say so.
    samples = model.challenged_samples(configuration)
    return lambda gateway: any(
        gateway.send(sample.method, sample.path, host=sample.host or None).status not in (200, 404)
        for sample in samples
    )
