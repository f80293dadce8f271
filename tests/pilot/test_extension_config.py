"""EXTENSION_CONFIG: what is served over ECDS, and whether anything asks for it."""

from typing import Any

import pytest

from tests.pilot.building import envoy_filter, gateway, lua, on_http_filter, pushed

LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"


def asks(name: str = "mine", source: Any = None) -> dict[str, Any]:
    discovery = {"config_source": source or {"ads": {}}, "type_urls": [LUA]}
    return on_http_filter("INSERT_BEFORE", {"name": name, "config_discovery": discovery})


def serves(name: str = "mine", operation: str = "ADD", **match: Any) -> dict[str, Any]:
    return {
        "applyTo": "EXTENSION_CONFIG",
        "match": match,
        "patch": {"operation": operation, "value": lua(name)},
    }


def test_a_configuration_takes_effect_where_a_filter_asks_for_it() -> None:
    found = pushed(gateway(), envoy_filter(asks(), serves()))
    assert found.extensions == (lua(),)
    assert found.outcomes[1].effective
    assert found.outcomes[1].sentence == "serves `mine`, which listener 0.0.0.0_8080 asks for"


def test_a_configuration_nobody_asks_for_is_sent_without_effect() -> None:
    found = pushed(gateway(), envoy_filter(asks("other"), serves()))
    assert found.extensions == (lua(),)
    assert not found.outcomes[1].effective
    assert found.outcomes[1].sentence == (
        "no HTTP filter asks for `mine` by config_discovery over ads; asked for are: other"
    )


def test_a_filter_that_asks_elsewhere_does_not_ask_istiod() -> None:
    found = pushed(gateway(), envoy_filter(asks(source={"path": "/tmp/x"}), serves()))
    assert not found.outcomes[1].effective


def test_the_filter_may_come_from_another_document() -> None:
    found = pushed(gateway(), envoy_filter(asks(), name="a"), envoy_filter(serves(), name="b"))
    assert [one.effective for one in found.outcomes] == [True, True]


@pytest.mark.parametrize("operation", ["INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST"])
def test_an_insert_is_an_add(operation: str) -> None:
    found = pushed(gateway(), envoy_filter(asks(), serves(operation=operation)))
    assert found.outcomes[1].effective
    assert found.outcomes[1].operation == "ADD"


@pytest.mark.parametrize("operation", ["MERGE", "REMOVE", "REPLACE"])
def test_other_operations_are_ignored_and_told(operation: str) -> None:
    found = pushed(gateway(), envoy_filter(asks(), serves(operation=operation)))
    assert found.extensions == ()
    assert found.outcomes[1].sentence == f"EXTENSION_CONFIG knows ADD only, {operation} is ignored"


def test_the_context_does_not_count_but_the_proxy_does() -> None:
    found = pushed(gateway(), envoy_filter(asks(), serves(context="SIDECAR_INBOUND")))
    assert found.outcomes[1].effective
    version = {"proxyVersion": r"^1\.9.*"}
    found = pushed(gateway(), envoy_filter(asks(), serves(proxy=version)), release="1.31")
    assert found.extensions == ()
    assert found.outcomes[1].sentence.startswith("proxyVersion")


def test_configurations_of_one_name_are_all_sent() -> None:
    found = pushed(gateway(), envoy_filter(asks(), serves(), serves()))
    assert len(found.extensions) == 2
