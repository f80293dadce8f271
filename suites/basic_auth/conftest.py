"""How the checks of basic-auth filters begin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from suites.basic_auth import model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from suites.deployment import Deployer, Deployment, Module, Proof

    Protect = Callable[[Module, Mapping[str, Any] | str], AbstractContextManager[Deployment]]


@pytest.fixture(scope="session")
def protect(deploy: Deployer) -> Protect:
    """A context manager that puts a filter with these rules in front of every route.

    It acts once a request without credentials, to any of its rules, is answered by 401.
    """

    def protected(
        module: Module, configuration: Mapping[str, Any] | str
    ) -> AbstractContextManager[Deployment]:
        read = json.loads(configuration) if isinstance(configuration, str) else configuration
        return deploy(module, configuration, proof=_challenges_any(read))

    return protected


def _challenges_any(configuration: Mapping[str, Any]) -> Proof:
    # Any, not all: a filter that forgets one rule is at work, and its checks must say so.
    samples = model.challenged_samples(configuration)
    return lambda gateway: any(
        gateway.send(sample.method, sample.path, host=sample.host or None).status == 401
        for sample in samples
    )
