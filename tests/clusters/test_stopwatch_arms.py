"""What is measured is what is applied: an arm's listener is the one that the documents make."""

import json

import pytest

from bookinfo.documents import documents
from clusters import gate, release
from clusters.pilot.agent import Agent
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.node import ingress_gateway
from clusters.stopwatch import accesslog, bootstrap
from clusters.stopwatch.arms import COPIES, ControlPlane
from filters.publish import FileServer
from tests.filters.handmade import module

CONFIGURATION = '{"replace": {"x-measured": "yes"}}'
NATIVE = {"name": "envoy.filters.http.header_mutation", "typed_config": {"@type": "…"}}


@pytest.fixture
def plane(tmp_path):
    asked = release.find("1.9")
    agent = Agent(Behaviours.of(asked), tmp_path)
    return ControlPlane(asked, ingress_gateway(asked.version), agent, documents(9080))


@pytest.fixture
def url():
    with FileServer() as server:
        yield server.serve("filter.wasm", module())


def made(plane, url, **options):
    modules = {"empty": (url, "", ""), "new": (url, "", CONFIGURATION)}
    return {arm.name: arm for arm in plane.made(modules, **options)}


def filters(arm):
    return gate.managers(arm.listener)[0]


def test_an_arm_is_the_gateways_listener_with_the_filter_in_front(plane, url):
    arms = made(plane, url)
    without, new = arms["none-0"], arms["new-0"]

    assert [each["name"] for each in filters(new)] == [
        "new-0",
        *(each["name"] for each in filters(without)),
    ]
    filters(new).pop(0)
    assert new.listener == without.listener


def test_an_arm_holds_what_the_agent_passes_on(plane, url, tmp_path):
    plugin = filters(made(plane, url)["new-0"])[0]["typed_config"]["config"]

    local = plugin["vm_config"]["code"]["local"]["filename"]
    assert local.startswith(str(tmp_path))
    assert plugin["configuration"]["value"] == CONFIGURATION


def test_each_copy_has_machines_of_its_own(plane, url):
    arms = made(plane, url)

    assert sorted(arms) == ["empty-0", *(f"new-{n}" for n in range(COPIES)), "none-0"]
    ids = {
        filters(arm)[0]["typed_config"]["config"]["vm_config"]["vm_id"]
        for name, arm in arms.items()
        if name != "none-0"
    }
    assert len(ids) == COPIES + 1


def test_only_the_arms_of_filters_show_an_effect(plane, url):
    arms = made(plane, url, native=NATIVE)

    assert filters(arms["native-0"])[0] == NATIVE
    assert {name for name, arm in arms.items() if arm.acting} == {
        "native-0",
        *(f"new-{n}" for n in range(COPIES)),
    }


def test_a_module_that_cannot_be_fetched_is_no_arm(plane, url):
    with pytest.raises(gate.FetchFailed, match="cannot fetch Wasm module"):
        plane.made({"new": (f"{url}.none", "", CONFIGURATION)})


def test_every_arm_has_a_listener_and_a_log_and_the_first_copies_one_before_an_application(
    plane, url, tmp_path
):
    arms = made(plane, url).values()

    config = bootstrap.config(arms, tmp_path, accesslog.WHOLE, ways=True)["static_resources"]

    names = [listener["name"] for listener in config["listeners"]]
    first = ["none-0", "empty-0", "new-0"]
    assert names == [
        *(arm.name for arm in arms),
        *(f"{name}-ways" for name in first),
        bootstrap.APPLICATION,
    ]
    for listener in config["listeners"][:-1]:
        assert listener["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 0}
        text = json.dumps(listener)
        assert str(tmp_path / f"{listener['name']}.log") in text
        assert ("US_TX_BEG" in text) == listener["name"].endswith("-ways")
        assert '"ads"' not in text, "nothing would answer it"


def test_what_arms_are_made_of_stays_as_it_was(plane, url, tmp_path):
    arms = made(plane, url).values()
    before = json.dumps([arm.listener for arm in arms])

    bootstrap.config(arms, tmp_path, accesslog.WHOLE, ways=True)

    assert json.dumps([arm.listener for arm in arms]) == before
