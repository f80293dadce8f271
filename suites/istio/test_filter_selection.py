"""Which proxies an EnvoyFilter is for: context, labels, namespace and version."""

from __future__ import annotations

import re
from typing import Any

import pytest

from suites.istio.filters import ROUTER, envoy_filter, http_filter, marker, patch
from suites.istio.plugins import fresh, marks

pytestmark = pytest.mark.contract("headers")


def insert(**proxy: Any) -> dict[str, Any]:
    return http_filter("INSERT_BEFORE", marker("here"), beside=ROUTER, **proxy)


ELSEWHERE: dict[str, dict[str, Any]] = {
    "another label": {"workloadSelector": {"labels": {"istio": "egressgateway"}}},
    "another namespace": {"namespace": "default"},
}
#: What a proxyVersion is matched against is the whole of a version such as 1.31.0, anywhere in it.
LONGER_THAN_1024 = "|".join(["."] + ["x" * 40] * 30)


@pytest.mark.requirement("IST-13")
@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_filter_for_somebody_else_does_nothing(cluster, gateway, case):
    with cluster.delivered(
        envoy_filter(fresh("elsewhere"), [insert()], **ELSEWHERE[case])
    ) as delivery:
        assert len(delivery.ineffective) == 1
        assert marks(gateway) == []


@pytest.mark.requirement("IST-13")
@pytest.mark.parametrize("context", ["ANY", "GATEWAY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND"])
def test_only_its_own_context_and_any_reach_a_gateway(cluster, gateway, context):
    value, fits = marker("here"), context in ("ANY", "GATEWAY")
    first = patch("HTTP_FILTER", "INSERT_BEFORE", value, match={"context": context})

    with cluster.delivered(envoy_filter(fresh("context"), [first])) as delivery:
        assert bool(delivery.ineffective) is not fits
        assert marks(gateway) == (["here"] if fits else [])


@pytest.mark.requirement("IST-14")
def test_a_filter_for_this_release_acts(cluster, gateway):
    version = f"^{re.escape(cluster.release.name)}.*"

    with cluster.delivered(
        envoy_filter(fresh("version"), [insert(proxyVersion=version)])
    ) as delivery:
        assert delivery.ineffective == ()
        assert marks(gateway) == ["here"]


@pytest.mark.requirement("IST-14")
@pytest.mark.parametrize("version", [r"^1\.8.*", "^v", "nothing like it"])
def test_a_filter_for_another_version_does_nothing(cluster, gateway, version):
    with cluster.delivered(
        envoy_filter(fresh("version"), [insert(proxyVersion=version)])
    ) as delivery:
        assert ["proxyVersion" in each.sentence for each in delivery.ineffective] == [True]
        assert marks(gateway) == []


@pytest.mark.requirement("IST-14")
def test_a_long_version_matches_as_the_release_says(cluster, gateway, expected):
    with cluster.delivered(
        envoy_filter(fresh("version"), [insert(proxyVersion=LONGER_THAN_1024)])
    ) as delivery:
        row = expected("long-version")
        assert bool(delivery.ineffective) is not row["matches"]
        assert marks(gateway) == (["here"] if row["matches"] else [])
