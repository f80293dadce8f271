"""TrafficExtensions, with modules and with scripts: where they stand, and for whom they are."""

from __future__ import annotations

from typing import Any

import pytest

from suites.istio.plugins import MARK, extension, fresh, marking, marks, script

pytestmark = [pytest.mark.contract("headers"), pytest.mark.requirement("IST-25")]

#: Kind, phase and priority of each mark, in the order in which they are applied: the wrong one.
MIXED: dict[str, tuple[str, dict[str, Any]]] = {
    "script, no phase": ("lua", {}),
    "plugin, stats": ("plugin", {"phase": "STATS"}),
    "module, no phase": ("wasm", {}),
    "plugin, authn": ("plugin", {"phase": "AUTHN"}),
    "script, authn, seven": ("lua", {"phase": "AUTHN", "priority": 7}),
    "module, authn, nine": ("wasm", {"phase": "AUTHN", "priority": 9}),
    "plugin, authn, eight": ("plugin", {"phase": "AUTHN", "priority": 8}),
}
MET = [
    "module, authn, nine",
    "plugin, authn, eight",
    "script, authn, seven",
    "plugin, authn",
    "plugin, stats",
    "script, no phase",
    "module, no phase",
]
ELSEWHERE: dict[str, tuple[dict[str, Any], str]] = {
    "another label": ({"selector": {"matchLabels": {"istio": "egressgateway"}}}, "egressgateway"),
    "another namespace": ({"namespace": "default"}, "namespace default"),
    "for servers": ({"match": [{"mode": "SERVER"}]}, "mode SERVER"),
    "for another port": ({"match": [{"ports": [{"number": 1}]}]}, "ports 1"),
}


def test_extensions_and_plugins_stand_in_one_order(cluster, gateway, marker):
    documents = ""
    for mark, (kind, place) in MIXED.items():
        name = fresh("mixed")
        if kind == "plugin":
            documents += marking(name, marker, mark, **place)
        elif kind == "lua":
            documents += extension(name, lua=script(mark), **place)
        else:
            wasm = {"url": marker, "pluginConfig": {"add": {MARK: mark}}}
            documents += extension(name, wasm=wasm, **place)

    with cluster.applied(documents, proof=lambda gateway: len(marks(gateway)) == len(MIXED)):
        assert marks(gateway) == MET
    assert marks(gateway) == []


@pytest.mark.parametrize("case", ELSEWHERE)
def test_an_extension_for_somebody_else_does_nothing(cluster, gateway, case):
    options, reason = ELSEWHERE[case]

    with cluster.delivered(extension(fresh("other"), lua=script("here"), **options)) as delivery:
        assert [reason in outcome.sentence for outcome in delivery.ineffective] == [True]
        assert marks(gateway) == []


@pytest.mark.parametrize("strategy", ["FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"])
def test_a_module_that_cannot_be_fetched(cluster, gateway, publisher, expected, strategy):
    wasm = {"url": publisher.serve_status("gone.wasm", 404), "failStrategy": strategy}
    row = expected("unfetchable", strategy=strategy)

    with cluster.delivered(extension(fresh("failing"), wasm=wasm)) as delivery:
        assert delivery.fetch_failures
        assert gateway.send("GET", "/productpage").status == row["status"]
    assert gateway.send("GET", "/productpage").status == 200
