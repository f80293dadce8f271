"""What a push costs: a large mesh in less than a second, and twice of anything twice the time.

A patch that names no port and no host is put into every gateway and merged into every virtual
host: that work is the number of patches times the number of what they match, and so is what comes
out. Hence twice the patches, or twice the gateways and services, cost twice; both together cost
four times, unless each patch is for one gateway, where twice of everything costs twice again.
"""

import time
from collections.abc import Callable

from clusters.pilot.documents import Document
from tests.pilot.applying import patch
from tests.pilot.building import (
    envoy_filter,
    gateway,
    lua,
    on_http_filter,
    pushed,
    service_entry,
    virtual_service,
)

GATEWAYS, SERVICES, FILTERS = 50, 200, 50
PORT = 10000
SECONDS = 1.0
SLACK = 1.6
"""How much more than twice may be noise: the machine is shared, cost that squares is 4 times."""


def mesh(gateways: int, services: int) -> list[Document]:
    """Gateways with a port each, and virtual services spread over them."""
    target = {"destination": {"host": "productpage", "port": {"number": 9080}}}
    return [
        service_entry(),
        *(gateway(f"gw-{n}", port=PORT + n) for n in range(gateways)),
        *(
            virtual_service(
                [{"route": [target]}],
                f"vs-{n}",
                hosts=[f"h{n}.example"],
                gateways=[f"gw-{n % gateways}"],
            )
            for n in range(services)
        ),
    ]


def for_all(number: int) -> Document:
    """An EnvoyFilter for every gateway and every virtual host."""
    name = f"ef-{number}"
    return envoy_filter(
        on_http_filter("INSERT_BEFORE", lua(name), sub="envoy.filters.http.router"),
        patch("VIRTUAL_HOST", "MERGE", {"include_attempt_count_in_response": True}),
        name=name,
    )


def for_one(number: int) -> Document:
    """An EnvoyFilter for one gateway and one virtual host of it."""
    name, port = f"ef-{number}", PORT + number
    put = on_http_filter("INSERT_BEFORE", lua(name), sub="envoy.filters.http.router")
    put["match"]["listener"]["portNumber"] = port
    merged = patch("VIRTUAL_HOST", "MERGE", {"include_attempt_count_in_response": True})
    host = {"name": f"h{number}.example:{port}"}
    merged["match"] = {
        "context": "GATEWAY",
        "routeConfiguration": {"name": f"http.{port}", "vhost": host},
    }
    return envoy_filter(put, merged, name=name)


def seconds(documents: list[Document]) -> float:
    """The least CPU time of three pushes: what others do on the machine does not count."""
    took = []
    for _ in range(3):
        began = time.process_time()
        pushed(*documents)
        took.append(time.process_time() - began)
    return min(took)


def times(made: Callable[[int], list[Document]]) -> tuple[tuple[float, float, float], str]:
    """What a mesh of one, two and four times the size costs, and that in words."""
    one, two, four = (seconds(made(scale)) for scale in (1, 2, 4))
    return (one, two, four), f"1x {one:.2f} s, 2x {two:.2f} s, 4x {four:.2f} s"


def test_a_large_mesh_is_pushed_in_a_second_and_cost_is_linear_in_the_mesh() -> None:
    filters = [for_all(n) for n in range(FILTERS)]
    (one, two, four), figures = times(
        lambda scale: [*mesh(GATEWAYS * scale, SERVICES * scale), *filters]
    )
    assert one < SECONDS, figures
    assert two / one < 2 * SLACK, figures
    assert four / two < 2 * SLACK, figures


def test_cost_is_linear_in_the_patches_of_every_gateway() -> None:
    there = mesh(GATEWAYS, SERVICES)
    (one, two, four), figures = times(
        lambda scale: [*there, *(for_all(n) for n in range(FILTERS * scale))]
    )
    assert two / one < 2 * SLACK, figures
    assert four / two < 2 * SLACK, figures


def test_cost_is_linear_in_all_three_where_each_patch_is_for_one_gateway() -> None:
    def made(scale: int) -> list[Document]:
        filters = [for_one(n) for n in range(FILTERS * scale)]
        return [*mesh(GATEWAYS * scale, SERVICES * scale), *filters]

    assert all(one.effective for one in pushed(*made(1)).outcomes)
    (one, two, four), figures = times(made)
    assert one < SECONDS / 2, figures
    assert two / one < 2 * SLACK, figures
    assert four / two < 2 * SLACK, figures
