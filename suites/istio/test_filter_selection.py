"""Which proxies an EnvoyFilter is for: context, labels, namespace and version."""

from __future__ import annotations

import re
from typing import Any

import pytest

from suites.istio.filters import ROUTER, envoy_filter, http_filter, patch
from suites.istio.filters import marker as marking_filter
from suites.istio.plugins import fresh, marking, marks

pytestmark = pytest.mark.contract("headers")


def insert(**proxy: Any) -> dict[str, Any]:
    return http_filter("INSERT_BEFORE", marking_filter("here"), beside=ROUTER, **proxy)


LABEL = {"istio": "ingressgateway"}
ELSEWHERE: dict[str, dict[str, Any]] = {
    "another label": {"workloadSelector": {"labels": {"istio": "egressgateway"}}},
    "one label of two": {"workloadSelector": {"labels": LABEL | {"app": "another"}}},
    "another namespace": {"namespace": "default"},
}
HERE: dict[str, dict[str, Any]] = {
    "no selector": {"workloadSelector": None},
    "no label": {"workloadSelector": {"labels": {}}},
    "two labels": {"workloadSelector": {"labels": LABEL | {"app": "istio-ingressgateway"}}},
}
#: A gateway of the Gateway API, which this one is not.
TARGETS = [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "bookinfo"}]
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
@pytest.mark.parametrize("case", HERE)
def test_a_filter_of_the_root_namespace_is_for_all_whom_its_labels_fit(cluster, gateway, case):
    with cluster.delivered(envoy_filter(fresh("here"), [insert()], **HERE[case])) as delivery:
        assert delivery.ineffective == ()
        assert marks(gateway) == ["here"]


@pytest.mark.requirement("IST-13")
@pytest.mark.parametrize(
    ("metadata", "fits"), [({"NAMESPACE": "istio-system"}, True), ({"NAMESPACE": "other"}, False)]
)
def test_a_filter_is_for_proxies_with_its_metadata(cluster, gateway, metadata, fits):
    patches = [insert(metadata=metadata)]

    with cluster.delivered(envoy_filter(fresh("metadata"), patches)) as delivery:
        assert bool(delivery.ineffective) is not fits
        assert marks(gateway) == (["here"] if fits else [])


@pytest.mark.requirement("IST-24")
def test_a_filter_with_targets_is_for_gateways_of_the_gateway_api_where_that_is_read(
    cluster, gateway, expected
):
    spec: dict[str, Any] = {"workloadSelector": None, "targetRefs": TARGETS}

    with cluster.delivered(envoy_filter(fresh("targets"), [insert()], **spec)) as delivery:
        row = expected("filter-targets")
        assert bool(delivery.ineffective) is row["read"]
        assert marks(gateway) == ([] if row["read"] else ["here"])


@pytest.mark.requirement("IST-24")
def test_a_plugin_with_targets_is_for_gateways_of_the_gateway_api(cluster, gateway, marker):
    document = marking(fresh("targets"), marker, "here", targetRefs=TARGETS)

    with cluster.delivered(document) as delivery:
        assert ["targetRefs" in each.sentence for each in delivery.ineffective] == [True]
        assert marks(gateway) == []


@pytest.mark.requirement("IST-23")
def test_a_patch_of_the_bootstrap_is_never_sent(cluster, gateway):
    value = {"node": {"cluster": "another"}, "stats_sinks": [{"name": "nobody has it"}]}

    with cluster.delivered(
        envoy_filter(fresh("bootstrap"), [patch("BOOTSTRAP", "MERGE", value, match={})])
    ) as delivery:
        assert ["BOOTSTRAP" in each.sentence for each in delivery.ineffective] == [True]
        assert delivery.refusals == ()
        assert gateway.send("GET", "/productpage").status == 200


@pytest.mark.requirement("IST-13")
@pytest.mark.parametrize("context", ["ANY", "GATEWAY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND"])
def test_only_its_own_context_and_any_reach_a_gateway(cluster, gateway, context):
    value, fits = marking_filter("here"), context in ("ANY", "GATEWAY")
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
