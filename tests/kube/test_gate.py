"""How far a gateway of two pods is, by pages that istiod 1.31 and its proxies really wrote."""

import json
from pathlib import Path

import pytest

from clusters import apply, gate
from clusters.kube import gate as pods_gate
from clusters.kube.channels import CDS, EDS, LDS, RDS
from clusters.kube.gate import Gate

#: istiod's page syncz in a cluster of kind, with one gateway that has accepted everything.
RECORDED = json.loads((Path(__file__).parent / "recorded/syncz-1.31.json").read_text())
NO_LISTENERS = json.dumps({"configs": []})


def syncz(*names):
    """Return the page for gateways of these names."""
    return json.dumps([RECORDED[0] | {"proxy": f"{name}.ingress"} for name in names])


@pytest.fixture
def istiod(lab):
    pages = lab.istiod("istiod-1")
    pages.pages |= {"/debug/syncz": syncz("a", "b"), "/debug/config_dump": NO_LISTENERS}
    return pages


@pytest.fixture
def proxies(lab):
    """The pages of two proxies, both of which have the marker."""
    found = {name: lab.gateway(name) for name in ("a", "b")}
    for pages in found.values():
        pages.pages["/config_dump?resource=dynamic_active_clusters&name_regex=^m$"] = json.dumps(
            {"configs": [{"cluster": {"name": "m"}}]}
        )
    return found


@pytest.fixture
def waits(proxies, istiod, pods, istiods, monkeypatch):
    """A function that waits for a change with the marker m; returns why it is not proven, or ""."""
    monkeypatch.setattr(pods_gate, "ANSWER_SECONDS", 0.5)
    pods.wait()
    waiting = Gate(pods, istiods)

    def waits():
        waiting.begin()
        try:
            waiting.wait("m", (), {})
        except gate.NotProven as error:
            return next(line for line in str(error).splitlines() if line.startswith("last seen"))
        return ""

    return waits


def test_the_recorded_page_tells_every_type_as_accepted(istiod, istiods):
    found = istiods.channels("a.ingress")

    assert set(found) == {CDS, EDS, LDS, RDS}
    assert all(channel.accepted and channel.number for channel in found.values())
    assert istiods.channels("other.ingress") == {}


def test_what_both_pods_show_and_have_accepted_is_there(waits):
    assert waits() == ""


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_pod_without_the_marker_is_named(waits, proxies, name):
    page = "/config_dump?resource=dynamic_active_clusters&name_regex=^m$"
    proxies[name].pages[page] = json.dumps({"configs": []})

    assert waits() == f"last seen: {name}: the proxy does not show the marker of this change"


def test_a_pod_that_istiod_does_not_know_is_named(waits, istiod):
    istiod.pages["/debug/syncz"] = syncz("a")

    assert waits() == "last seen: b: the proxy is connected to no istiod"


def test_with_the_api_away_in_the_middle_it_is_one_message(waits, lab):
    assert waits() == ""
    lab.front.stop()

    with pytest.raises(apply.Unreachable, match=f"the Kubernetes API at {lab.front.url} did not"):
        waits()
