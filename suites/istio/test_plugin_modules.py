"""When the module of a plugin is asked for again."""

from __future__ import annotations

import pytest

from suites.istio.plugins import fresh, marking, marks

pytestmark = pytest.mark.contract("headers")


@pytest.mark.requirement("IST-9")
@pytest.mark.parametrize("policy", ["UNSPECIFIED_POLICY", "IfNotPresent", "Always"])
def test_a_changed_plugin_pulls_as_its_policy_says(
    cluster, gateway, publisher, other_filter, expected, plugins_exist, policy
):
    name, url = fresh("pulled"), publisher.serve("pulled.wasm", other_filter("headers").read())
    first, second = (
        marking(name, url, mark, imagePullPolicy=policy) for mark in ("first", "second")
    )

    with cluster.applied(first, proof=lambda gateway: marks(gateway) == ["first"]):
        assert publisher.requests(url) == 1
        with cluster.applied(second, proof=lambda gateway: marks(gateway) == ["second"]):
            assert publisher.requests(url) == expected("pulled", policy=policy)["times"]
