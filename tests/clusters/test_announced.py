"""Which changed objects istiod names when it pushes, and in which order it gets them."""

import json

import pytest

from clusters.local.announced import announced, in_order
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.documents import parse
from clusters.release import find

ROOT, LEAF = "VirtualService/default/root", "VirtualService/default/leaf"


def virtual_service(name, http, **spec):
    document = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"http": [http]} | spec,
    }
    return parse(json.dumps(document))[0]


def leaf(status):
    return virtual_service("leaf", {"directResponse": {"status": status}})


DELEGATING = virtual_service("root", {"delegate": {"name": "leaf"}}, hosts=["x.example"])


@pytest.mark.parametrize(
    ("release", "changed", "before", "after", "told"),
    [
        ("1.31", {LEAF}, [DELEGATING, leaf(200)], [DELEGATING, leaf(201)], {ROOT}),
        ("1.24.0", {LEAF}, [DELEGATING, leaf(200)], [DELEGATING, leaf(201)], {LEAF}),
        ("1.31", {LEAF}, [], [leaf(200)], set()),
        ("1.31", {ROOT, LEAF}, [], [DELEGATING, leaf(200)], {ROOT}),
        ("1.31", {"Secret/a/b", "EnvoyFilter/a/b"}, [], [], {"EnvoyFilter/a/b"}),
    ],
)
def test_it_tells_of_what_it_has_put_together(release, changed, before, after, told):
    assert announced(changed, before, after, Behaviours.of(find(release))) == told


def test_what_is_delegated_to_comes_before_the_one_who_delegates():
    given = {one.key: one for one in (DELEGATING, leaf(200))}

    assert [key[2] for key in in_order(given)] == ["leaf", "root"]
