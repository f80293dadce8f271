"""Which of several filters a request meets first."""

from __future__ import annotations

import json

import pytest

from suites.istio.plugins import MARK, fresh, marking, marks

pytestmark = pytest.mark.contract("headers")

#: Phase and priority of each plugin, in the order in which they are applied: the wrong one.
PLUGINS = {
    "no phase": (None, None),
    "no phase, highest": (None, 1000),
    "stats": ("STATS", None),
    "authz, one": ("AUTHZ", 1),
    "authz, minus five": ("AUTHZ", -5),
    "authz": ("AUTHZ", None),
    "authz, ten": ("AUTHZ", 10),
    "authn, b": ("AUTHN", None),
    "authn, c": ("AUTHN", None),
}
BY_ENVOY_FILTER = "inserted by an EnvoyFilter"


@pytest.fixture(scope="module")
def met(cluster, gateway, marker):
    """The marks of all plugins and one EnvoyFilter, in the order in which a request meets them."""
    documents = cluster.render(
        marker, json.dumps({"add": {MARK: BY_ENVOY_FILTER}}), name="inserted"
    )
    for mark, (phase, priority) in PLUGINS.items():
        place = {"phase": phase, "priority": priority}
        spec = {key: value for key, value in place.items() if value is not None}
        # Names as letters go: those that are applied in one second are ordered by them.
        documents += marking(fresh("ordered-by-name"), marker, mark, **spec)

    count = len(PLUGINS) + 1
    with cluster.applied(documents, proof=lambda gateway: len(marks(gateway)) == count):
        yield marks(gateway)


@pytest.mark.requirement("IST-1")
def test_phases_come_in_their_order(met):
    phases = [PLUGINS[mark][0] for mark in met if mark in PLUGINS]

    assert phases == sorted(phases, key=["AUTHN", "AUTHZ", "STATS", None].index)


@pytest.mark.requirement("IST-2")
def test_within_a_phase_the_higher_priority_comes_first_and_none_last(met):
    authz = [mark for mark in met if mark.startswith("authz")]

    assert authz == ["authz, ten", "authz, one", "authz, minus five", "authz"]


@pytest.mark.requirement("IST-2")
def test_no_priority_moves_a_plugin_into_another_phase(met):
    assert met.index("stats") < met.index("no phase, highest") < met.index("no phase")


@pytest.mark.requirement("IST-3")
def test_of_equals_the_older_comes_first(met):
    assert met.index("authn, b") < met.index("authn, c")


@pytest.mark.requirement("IST-4")
def test_an_envoy_filter_that_inserts_first_is_before_every_plugin(met):
    assert met[0] == BY_ENVOY_FILTER
