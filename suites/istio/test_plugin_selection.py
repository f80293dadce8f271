"""Which gateway a plugin is for, and which of its listeners."""

from __future__ import annotations

from typing import Any

import pytest

from suites.istio.plugins import fresh, marking, marks

pytestmark = pytest.mark.contract("headers")

ELSEWHERE: dict[str, tuple[dict[str, Any], str]] = {
    "another label": ({"selector": {"matchLabels": {"istio": "egressgateway"}}}, "egressgateway"),
    "another namespace": ({"namespace": "default"}, "namespace default"),
}
UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "for servers": ({"match": [{"mode": "SERVER"}]}, "mode SERVER"),
    "for another port": ({"match": [{"ports": [{"number": 1}]}]}, "ports 1"),
}
#: One match of several is enough.
FIT = [{"mode": "SERVER"}, {"mode": "CLIENT"}]


@pytest.mark.requirement("IST-7")
@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_plugin_for_somebody_else_does_nothing(cluster, gateway, marker, case):
    options, reason = ELSEWHERE[case]

    with cluster.delivered(marking(fresh("elsewhere"), marker, "here", **options)) as delivery:
        assert [reason in outcome.sentence for outcome in delivery.ineffective] == [True]
        assert marks(gateway) == []


@pytest.mark.requirement("IST-8")
@pytest.mark.parametrize("case", UNFIT)
def test_a_plugin_whose_match_does_not_fit_does_nothing(cluster, gateway, marker, expected, case):
    options, reason = UNFIT[case]

    with cluster.delivered(marking(fresh("unfit"), marker, "here", **options)) as delivery:
        if expected("match")["read"]:
            assert [reason in outcome.sentence for outcome in delivery.ineffective] == [True]
            assert marks(gateway) == []
        else:
            assert delivery.ineffective == ()
            assert marks(gateway) == ["here"]


@pytest.mark.requirement("IST-8")
def test_one_match_of_several_is_enough(cluster, gateway, marker):
    with cluster.delivered(marking(fresh("fit"), marker, "here", match=FIT)) as delivery:
        assert delivery.ineffective == ()
        assert marks(gateway) == ["here"]
