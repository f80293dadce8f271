"""Istio's protobuf merge, kind of field by kind of field."""

from typing import Any

import pytest

from clusters.pilot import protos
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.envoyfilter.merge import DescriptorMismatch, merge, merge_any
from clusters.release import find
from tests.pilot.building import named

CLUSTER = "envoy.config.cluster.v3.Cluster"
ROUTE = "envoy.config.route.v3.RouteAction"
TABLE: list[tuple[Any, ...]] = [
    ("scalar", CLUSTER, {"name": "a"}, {"name": "b"}, {"name": "b"}),
    ("scalar cannot be reset", CLUSTER, {"name": "a"}, {"name": ""}, {"name": "a"}),
    ("enum", CLUSTER, {"lb_policy": "RANDOM"}, {"lb_policy": "MAGLEV"}, {"lb_policy": "MAGLEV"}),
    (
        "enum cannot be reset",
        CLUSTER,
        {"lb_policy": "RANDOM"},
        {"lb_policy": "ROUND_ROBIN"},
        {"lb_policy": "RANDOM"},
    ),
    (
        "wrapper true stays true",
        ROUTE,
        {"auto_host_rewrite": True},
        {"auto_host_rewrite": False},
        {"auto_host_rewrite": True},
    ),
    (
        "wrapper false sets presence",
        ROUTE,
        {},
        {"auto_host_rewrite": False},
        {"auto_host_rewrite": False},
    ),
    (
        "message is merged",
        CLUSTER,
        {"common_lb_config": {"update_merge_window": "1s"}},
        {"common_lb_config": {"close_connections_on_host_set_change": True}},
        {
            "common_lb_config": {
                "update_merge_window": "1s",
                "close_connections_on_host_set_change": True,
            }
        },
    ),
    (
        "list is appended to",
        "envoy.config.route.v3.VirtualHost",
        {"domains": ["a"]},
        {"domains": ["b", "a"]},
        {"domains": ["a", "b", "a"]},
    ),
    (
        "map entry is replaced whole",
        "envoy.config.core.v3.Metadata",
        {"filter_metadata": {"a": {"x": 1.0}, "b": {"y": 1.0}}},
        {"filter_metadata": {"a": {"z": 1.0}}},
        {"filter_metadata": {"a": {"z": 1.0}, "b": {"y": 1.0}}},
    ),
    (
        "oneof forgets the other member",
        "envoy.config.route.v3.RouteMatch",
        {"prefix": "/"},
        {"path": "/x"},
        {"path": "/x"},
    ),
    (
        "Any inside a message is overwritten",
        "envoy.config.core.v3.TypedExtensionConfig",
        {"typed_config": {"@type": f"{protos.TYPE_PREFIX}{CLUSTER}", "name": "a"}},
        {"typed_config": {"@type": f"{protos.TYPE_PREFIX}{ROUTE}", "cluster": "b"}},
        {"typed_config": {"@type": f"{protos.TYPE_PREFIX}{ROUTE}", "cluster": "b"}},
    ),
]


@pytest.mark.parametrize(("message", "target", "patch", "expected"), **named(TABLE))
def test_a_field_is_merged_as_its_kind_is(
    message: str, target: Any, patch: Any, expected: Any
) -> None:
    assert merged(message, target, patch, "1.31") == expected


@pytest.mark.parametrize(
    ("release", "expected"), [("1.9", "3.500s"), ("1.13", "3.500s"), ("1.14", "3s"), ("1.31", "3s")]
)
def test_a_duration_is_replaced_whole_from_1_14(release: str, expected: str) -> None:
    target, patch = {"connect_timeout": "10.5s"}, {"connect_timeout": "3s"}
    assert merged(CLUSTER, target, patch, release) == {"connect_timeout": expected}


def test_a_duration_deep_inside_is_replaced_too() -> None:
    target = {"common_lb_config": {"update_merge_window": "10.5s"}}
    patch = {"common_lb_config": {"update_merge_window": "3s"}}
    assert merged(CLUSTER, target, patch, "1.31") == patch


def test_the_patch_is_left_as_it_was() -> None:
    target, patch = (protos.parse(CLUSTER, {"connect_timeout": one}) for one in ("1.5s", "3s"))
    merge(target, patch, behaviours("1.31"))
    assert protos.to_dict(patch) == {"connect_timeout": "3s"}


def test_anys_of_one_type_are_merged_inside() -> None:
    url = f"{protos.TYPE_PREFIX}{CLUSTER}"
    first, second = {"@type": url, "name": "a"}, {"@type": url, "lb_policy": "MAGLEV"}
    assert merge_any(first, second, behaviours("1.31")) == {
        "@type": url,
        "name": "a",
        "lb_policy": "MAGLEV",
    }


def test_anys_of_two_types_are_a_mismatch_from_1_27() -> None:
    first, second = ({"@type": f"{protos.TYPE_PREFIX}{one}"} for one in (CLUSTER, ROUTE))
    with pytest.raises(DescriptorMismatch, match=f"^descriptor mismatch: {CLUSTER} != {ROUTE}$"):
        merge_any(first, second, behaviours("1.27"))
    assert merge_any(first, second, behaviours("1.26")) == first


def merged(message: str, target: Any, patch: Any, release: str) -> Any:
    made = protos.parse(message, target)
    merge(made, protos.parse(message, patch), behaviours(release))
    return protos.to_dict(made)


def behaviours(release: str) -> Behaviours:
    return Behaviours.of(find(release))
