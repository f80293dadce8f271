"""Which virtual hosts a gateway has, what they are called and which routes they hold."""

from typing import Any

import pytest

from clusters.pilot import hosts
from tests.pilot.building import gateway, named, node, pushed, virtual_service

MESH_ONLY: list[str] = []


def route(host: str = "a", **fields: Any) -> dict[str, Any]:
    return {"route": [{"destination": {"host": host, "port": {"number": 1}}}], **fields}


def virtual_hosts(*documents: Any, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pushed(*documents, **fields).routes[0]["virtual_hosts"]
    return found


def domains(*documents: Any, **fields: Any) -> dict[str, list[str]]:
    return {one["name"]: one["domains"] for one in virtual_hosts(*documents, **fields)}


def clusters_of(host: dict[str, Any]) -> list[str]:
    return [one["route"]["cluster"].split("|")[3] for one in host["routes"]]


def test_a_gateway_without_virtual_services_answers_404_from_a_black_hole() -> None:
    assert virtual_hosts(gateway()) == [{"name": "blackhole:8080", "domains": ["*"]}]


BOUND: list[tuple[Any, ...]] = [
    ("short name", ["gw"], "default", True),
    ("full name", ["default/gw"], "other", True),
    ("host name", ["gw.default.svc.cluster.local"], "other", True),
    ("short name elsewhere", ["gw"], "other", False),
    ("another gateway", ["default/other"], "default", False),
    ("mesh", ["mesh"], "default", False),
    ("mesh and the gateway", ["mesh", "gw"], "default", True),
    ("none", MESH_ONLY, "default", False),
]


@pytest.mark.parametrize(("gateways", "namespace", "bound"), **named(BOUND))
def test_a_virtual_service_binds_to_the_gateways_it_names(
    gateways: list[str], namespace: str, bound: bool
) -> None:
    made = virtual_service([route()], gateways=gateways, namespace=namespace)
    assert ("*:8080" in domains(gateway(), made)) is bound


HOSTS: list[tuple[Any, ...]] = [
    ("any and any", ["*"], ["*"], ["*"]),
    ("any server", ["*"], ["a.test"], ["a.test"]),
    ("any service", ["a.test"], ["*"], ["a.test"]),
    ("server wildcard", ["*.test"], ["a.test"], ["a.test"]),
    ("service wildcard", ["a.test"], ["*.test"], ["a.test"]),
    ("wildcard in wildcard", ["*.test"], ["*.a.test"], ["*.a.test"]),
    ("wildcard is no suffix of itself", ["*.test"], ["test"], []),
    ("other host", ["a.test"], ["b.test"], []),
    ("other case", ["a.test"], ["A.test"], []),
    ("several", ["*.test", "x.org"], ["a.test", "x.org", "y.org"], ["a.test", "x.org"]),
    ("short name", ["*"], ["productpage"], ["productpage.default.svc.cluster.local"]),
    ("own namespace", ["./*"], ["a.test"], ["a.test"]),
    ("this namespace", ["default/*.test"], ["a.test"], ["a.test"]),
    ("another namespace", ["other/*"], ["a.test"], []),
    ("every namespace", ["*/a.test"], ["*"], ["a.test"]),
    ("everything", ["*/*"], ["a.test"], ["a.test"]),
    ("upper case", ["A.test"], ["A.test"], ["a.test"]),
]


@pytest.mark.parametrize(("server", "service", "expected"), **named(HOSTS))
def test_hosts_are_the_more_specific_of_gateway_and_virtual_service(
    server: list[str], service: list[str], expected: list[str]
) -> None:
    found = domains(gateway(hosts=server), virtual_service([route()], hosts=service))
    assert sorted(one for several in found.values() for one in several) == (expected or ["*"])
    assert ("blackhole:8080" in found) is not bool(expected)


@pytest.mark.parametrize("release", ["1.9", "1.14", "1.15", "1.31"])
def test_domains_carry_ports_until_1_14(release: str) -> None:
    minor = int(release.partition(".")[2])
    expected = {
        "*": ["*"],
        "a.test": ["a.test", "a.test:*"] if minor < 15 else ["a.test"],
        "*.b.test": ["*.b.test", "*.b.test:8080"] if minor < 15 else ["*.b.test"],
    }
    for host, wanted in expected.items():
        found = pushed(gateway(), virtual_service([route()], hosts=[host]), release=release)
        (configuration,) = found.routes
        (one,) = configuration["virtual_hosts"]
        assert (one["name"], one["domains"]) == (f"{host}:8080", wanted)
        assert configuration.get("ignore_port_in_host_matching", False) is (minor >= 15)


def test_hosts_of_one_virtual_service_collapse_under_the_most_specific() -> None:
    made = virtual_service([route()], hosts=["*.wild", "b.test", "long.a.test", "a.test"])
    assert domains(gateway(), made) == {
        "long.a.test:8080": ["long.a.test", "a.test", "b.test", "*.wild"]
    }


def test_hosts_with_other_routes_stay_apart_sorted_by_name() -> None:
    made = [virtual_service([route(one)], one, hosts=[f"{one}.test"]) for one in ("b", "a")]
    assert list(domains(gateway(), *made)) == ["a.test:8080", "b.test:8080"]


def test_routes_of_one_host_are_joined_with_catch_alls_last() -> None:
    everything = virtual_service([route("all")], "a", creationTimestamp="2022-01-01T00:00:00Z")
    login = virtual_service(
        [route("login", match=[{"uri": {"exact": "/login"}}])],
        "b",
        creationTimestamp="2022-01-02T00:00:00Z",
    )
    (host,) = virtual_hosts(gateway(), everything, login)
    assert [one.split(".")[0] for one in clusters_of(host)] == ["login", "all"]


def test_joined_routes_come_private_first_then_exported_then_public_by_age() -> None:
    def made(name: str, day: int, export_to: list[str] | None) -> Any:
        return virtual_service(
            [route(f"{name}.x", match=[{"uri": {"exact": f"/{name}"}}])],
            name,
            namespace="istio-system",
            gateways=["default/gw"],
            creationTimestamp=f"2022-01-0{day}T00:00:00Z",
            spec={"exportTo": export_to} if export_to else {},
        )

    (host,) = virtual_hosts(
        gateway(),
        made("public", 1, None),
        made("young", 4, ["."]),
        made("named", 2, ["istio-system", "other"]),
        made("old", 3, ["."]),
        made("hidden", 1, ["other"]),
    )
    assert clusters_of(host) == ["old.x", "young.x", "named.x", "public.x"]


def test_a_virtual_service_on_two_gateways_of_one_port_yields_its_routes_twice() -> None:
    made = virtual_service([route()], gateways=["gw", "other"])
    (host,) = virtual_hosts(gateway(), gateway("other"), made)
    assert len(host["routes"]) == 2


def test_a_host_on_two_ports_of_one_gateway_name_is_named_after_each() -> None:
    found = pushed(
        gateway(), gateway("two", port=8081), virtual_service([route()], gateways=["gw", "two"])
    )
    assert [one["virtual_hosts"][0]["name"] for one in found.routes] == ["*:8080", "*:8081"]


SMALL = {"shop.test:8080": ["shop.test"]}
BOTH = {"Shop.test:8080": ["Shop.test"], "shop.test:8080": ["shop.test"]}


@pytest.mark.parametrize(
    ("release", "made"),
    [("1.20.4", BOTH), ("1.20.5", SMALL), ("1.21.0", BOTH), ("1.21.1", SMALL), ("1.22", SMALL)],
)
def test_hosts_that_differ_in_case_are_one_since_1_20_5(
    release: str, made: dict[str, list[str]]
) -> None:
    services = [
        virtual_service([route()], name=one.lower() + str(place), hosts=[one])
        for place, one in enumerate(("Shop.test", "shop.test"))
    ]

    assert domains(gateway(), *services, release=release) == made


@pytest.mark.parametrize(
    ("release", "made"),
    [
        ("1.21.0", {"Shop.test:8080": ["Shop.test"]}),
        ("1.24.2", {"Shop.test:8080": ["shop.test"], "shop.test:8080": ["shop.test"]}),
        ("1.24.3", SMALL),
        ("1.31", SMALL),
    ],
)
def test_a_redirected_host_in_mixed_case_was_made_twice(
    release: str, made: dict[str, list[str]]
) -> None:
    redirecting = gateway(hosts=["Shop.test"], server={"tls": {"httpsRedirect": True}})

    found = domains(redirecting, virtual_service([route()], hosts=["Shop.test"]), release=release)

    assert found == made


def test_https_redirect_requires_tls_even_without_a_virtual_service() -> None:
    redirecting = gateway(hosts=["a.test", "b.test"], server={"tls": {"httpsRedirect": True}})
    made = virtual_service([route()], hosts=["a.test"])
    found = {one["name"]: one for one in virtual_hosts(redirecting, made)}
    assert {one["require_tls"] for one in found.values()} == {"ALL"}
    assert len(found["a.test:8080"]["routes"]) == 1
    assert "routes" not in found["b.test:8080"]


@pytest.mark.parametrize(
    ("match", "applies"),
    [
        ({"port": 8080}, True),
        ({"port": 80}, False),
        ({"gateways": ["gw"]}, True),
        ({"gateways": ["default/gw"]}, True),
        ({"gateways": ["other"]}, False),
        ({"sourceLabels": {"istio": "ingressgateway"}}, True),
        ({"sourceLabels": {"app": "reviews"}}, False),
        ({"sourceNamespace": "istio-system"}, True),
        ({"sourceNamespace": "default"}, False),
    ],
)
def test_some_matches_are_decided_when_routes_are_made(
    match: dict[str, Any], applies: bool
) -> None:
    made = virtual_service([route(match=[{"uri": {"exact": "/x"}, **match}])])
    assert ("*:8080" in domains(gateway(), made)) is applies


def test_nothing_follows_a_route_that_catches_all() -> None:
    made = virtual_service(
        [
            route("a", match=[{"uri": {"exact": "/a"}}]),
            route("b", match=[{"uri": {"prefix": "/"}}, {"uri": {"exact": "/never"}}]),
            route("c"),
        ]
    )
    (host,) = virtual_hosts(gateway(), made)
    assert [one.split(".")[0] for one in clusters_of(host)] == ["a", "b"]


def test_a_prefix_with_a_header_catches_not_all() -> None:
    match = [{"uri": {"prefix": "/"}, "headers": {"x": {"exact": "y"}}}]
    made = virtual_service([route("a", match=match), route("b")])
    (host,) = virtual_hosts(gateway(), made)
    assert len(host["routes"]) == 2


@pytest.mark.parametrize(
    ("release", "limit"), [("1.17", None), ("1.18", 1048576), ("1.31", 1048576)]
)
def test_route_configurations_of_a_release(release: str, limit: int | None) -> None:
    (configuration,) = pushed(gateway(), virtual_service([route()]), release=release).routes
    assert configuration["validate_clusters"] is False
    assert configuration.get("max_direct_response_body_size_bytes") == limit
    assert configuration["virtual_hosts"][0]["include_request_attempt_count"] is True


def test_the_proxys_namespace_decides_what_it_sees() -> None:
    made = virtual_service([route()], spec={"exportTo": ["edge"]})
    assert "*:8080" in domains(gateway(), made, node=node(namespace="edge"))
    assert "*:8080" not in domains(gateway(), made)


@pytest.mark.parametrize(
    ("given", "ordered"),
    [(["*", "*.a", "a.b", "a.b.c", "a.a"], ["a.b.c", "a.a", "a.b", "*.a", "*"])],
)
def test_specific_hosts_come_first(given: list[str], ordered: list[str]) -> None:
    assert sorted(given, key=hosts.by_specificity) == ordered
