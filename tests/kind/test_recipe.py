"""When two runs may share a cluster."""

from dataclasses import replace

import pytest

from clusters.kind import mark, operator, recipe
from clusters.kind.mark import Mark
from clusters.kind.recipe import Recipe
from clusters.kind.wanted import UPSTREAM

OURS = Recipe(
    istio="1.31.0",
    node_image="kindest/node:v1.34.4",
    hub="lab",
    tag="1.31.0-lab",
    bookinfo="standin",
    python="lab/python:1",
)
LOCAL = {"lab/pilot:1.31.0-lab": "sha256:1", "lab/proxyv2:1.31.0-lab": "sha256:2"}


def test_the_same_asked_for_twice_is_the_same():
    assert recipe.differences(OURS.described(LOCAL), OURS.described(LOCAL)) == []


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"istio": "1.30.0"}, "istioctl: 1.31.0 is there, 1.30.0 is asked for"),
        ({"node_image": "x:1"}, "node image: kindest/node:v1.34.4 is there, x:1 is asked for"),
        ({"bookinfo": UPSTREAM}, "bookinfo: standin is there, upstream is asked for"),
        ({"python": "y:1"}, "python image: lab/python:1 is there, y:1 is asked for"),
    ],
    ids=["istioctl", "node", "bookinfo", "python"],
)
def test_what_differs_is_named(other, named):
    asked = replace(OURS, **other).described(LOCAL)

    assert recipe.differences(asked, OURS.described(LOCAL)) == [named]


def test_an_image_built_anew_under_the_same_name_is_another_one():
    built = LOCAL | {"lab/pilot:1.31.0-lab": "sha256:3"}

    assert recipe.differences(OURS.described(built), OURS.described(LOCAL)) == [
        "id of lab/pilot:1.31.0-lab: sha256:1 is there, sha256:3 is asked for"
    ]


def test_a_cluster_made_with_other_settings_of_this_project_is_another_one(monkeypatch):
    before = OURS.described(LOCAL)
    monkeypatch.setattr(operator, "_REQUESTS", {"requests": {"cpu": "1"}})

    (difference,) = recipe.differences(OURS.described(LOCAL), before)

    assert difference.startswith("settings: ")


def test_the_images_of_the_published_bookinfo_are_among_those_that_pods_ask_for():
    names = replace(OURS, bookinfo=UPSTREAM).images

    assert "lab/proxyv2:1.31.0-lab" in names
    assert sum("examples-bookinfo" in name for name in names) == 6
    assert not any("examples-bookinfo" in name for name in OURS.images)


def test_a_mark_is_read_as_it_was_written():
    written = Mark(OURS.described(LOCAL), 4711, 4712, ready=True)

    assert mark.read(written.written()) == written


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"data": None},
        {"data": {"recipe": "{", "gateway-port": "1", "spare-port": "2", "ready": "true"}},
        {"data": {"recipe": "[]", "gateway-port": "1", "spare-port": "2", "ready": "true"}},
        {"data": {"recipe": "{}", "gateway-port": "x", "spare-port": "2", "ready": "true"}},
        {"data": {"recipe": "{}", "gateway-port": "1", "spare-port": "2"}},
    ],
    ids=["empty", "no data", "no JSON", "no table", "no port", "nothing about ready"],
)
def test_what_is_no_mark_counts_for_none(stored):
    assert mark.read(stored) is None
