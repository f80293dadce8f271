"""LISTENER, LISTENER_FILTER, FILTER_CHAIN and NETWORK_FILTER patches, as tables."""

from typing import Any

import pytest

from clusters.pilot.documents import NotBuilt
from tests.pilot.applying import ECHO, INSPECTOR, applied, patch, told
from tests.pilot.building import HCM, ROUTER, envoy_filter, lua, named, on_http_filter, pushed

NAME = "0.0.0.0_8080"
CHAIN = {"name": "added", "filters": [ECHO]}
TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
RAW = "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"


def on_network(operation: str, value: Any = None, name: str | None = None) -> dict[str, Any]:
    listener = {"filterChain": {"filter": {"name": name}}} if name else {}
    return patch("NETWORK_FILTER", operation, value, listener=listener)


def on_inspector(operation: str, value: Any = None, name: str = "") -> dict[str, Any]:
    return patch("LISTENER_FILTER", operation, value, listener={"listenerFilter": name})


def network(snapshot: Any) -> list[str]:
    return [one["name"] for one in snapshot.listeners[0]["filter_chains"][0]["filters"]]


def inspectors(snapshot: Any) -> list[str]:
    return [one["name"] for one in snapshot.listeners[0].get("listener_filters", ())]


LISTENERS: list[tuple[Any, ...]] = [
    ("ADD", patch("LISTENER", "ADD", {"name": "more"}), [NAME, "more"], True),
    ("ADD of a used name", patch("LISTENER", "ADD", {"name": NAME}), [NAME, NAME], True),
    ("ADD without a name", patch("LISTENER", "ADD", {"stat_prefix": "x"}), [NAME], False),
    (
        "INSERT_FIRST is ADD",
        patch("LISTENER", "INSERT_FIRST", {"name": "more"}, listener={"name": "none"}),
        [NAME, "more"],
        True,
    ),
    ("REMOVE", patch("LISTENER", "REMOVE"), [], True),
    ("REMOVE another", patch("LISTENER", "REMOVE", listener={"portNumber": 80}), [NAME], False),
    ("MERGE a name", patch("LISTENER", "MERGE", {"name": "new"}), ["new"], True),
    ("MERGE of nothing", patch("LISTENER", "MERGE", {}), [NAME], False),
    ("REPLACE", patch("LISTENER", "REPLACE", {"name": "new"}), [NAME], False),
]


@pytest.mark.parametrize(("change", "names", "effective"), **named(LISTENERS))
def test_listener_patches(change: dict[str, Any], names: list[str], effective: bool) -> None:
    found = applied(change)
    assert [one["name"] for one in found.listeners] == names
    assert told(found)[0] is effective


def test_a_listener_is_added_where_no_gateway_is() -> None:
    found = pushed(envoy_filter(patch("LISTENER", "ADD", {"name": "more"})))
    assert [one["name"] for one in found.listeners] == ["more"]
    assert told(found) == (True, "added listener more in the gateway")


@pytest.mark.parametrize(
    ("release", "added"), [("1.12.0", False), ("1.12.1", True), ("1.11", True)]
)
@pytest.mark.parametrize("apply_to", ["LISTENER", "CLUSTER"])
def test_an_add_for_any_context_skips_gateways_in_1_12_0(
    apply_to: str, release: str, added: bool
) -> None:
    for context in ("ANY", "GATEWAY"):
        found = applied(patch(apply_to, "ADD", {"name": "more"}, context=context), release=release)
        assert told(found)[0] is (added or context == "GATEWAY")


INSPECTORS: list[tuple[Any, ...]] = [
    ("ADD", on_inspector("ADD", INSPECTOR), ["a", "b", "mine"]),
    ("INSERT_FIRST", on_inspector("INSERT_FIRST", INSPECTOR), ["mine", "a", "b"]),
    ("INSERT_BEFORE", on_inspector("INSERT_BEFORE", INSPECTOR), ["mine", "a", "b"]),
    ("INSERT_BEFORE b", on_inspector("INSERT_BEFORE", INSPECTOR, "b"), ["a", "mine", "b"]),
    ("INSERT_AFTER", on_inspector("INSERT_AFTER", INSPECTOR), ["a", "b", "mine"]),
    ("INSERT_AFTER a", on_inspector("INSERT_AFTER", INSPECTOR, "a"), ["a", "mine", "b"]),
    ("INSERT_AFTER none", on_inspector("INSERT_AFTER", INSPECTOR, "c"), ["a", "b"]),
    ("REPLACE a", on_inspector("REPLACE", INSPECTOR, "a"), ["mine", "b"]),
    ("REPLACE", on_inspector("REPLACE", INSPECTOR), ["a", "b"]),
    ("REMOVE a", on_inspector("REMOVE", None, "a"), ["b"]),
    ("REMOVE", on_inspector("REMOVE"), ["a", "b"]),
]


@pytest.mark.parametrize(("change", "names"), **named(INSPECTORS))
def test_listener_filter_patches(change: dict[str, Any], names: list[str]) -> None:
    there = [on_inspector("ADD", INSPECTOR | {"name": name}) for name in ("a", "b")]
    found = applied(*there, change)
    assert inspectors(found) == names
    assert told(found, 2)[0] is (names != ["a", "b"])


@pytest.mark.parametrize(("release", "merged"), [("1.26", False), ("1.27", True)])
def test_a_merge_of_a_listener_filter_reaches_all_of_them(release: str, merged: bool) -> None:
    value = {"typed_config": INSPECTOR["typed_config"] | {"enable_ja3_fingerprinting": True}}
    there = [on_inspector("ADD", INSPECTOR | {"name": name}) for name in ("a", "b")]
    found = applied(*there, on_inspector("MERGE", value, "nobody"), release=release)
    configs = [one["typed_config"] for one in found.listeners[0]["listener_filters"]]
    assert ["enable_ja3_fingerprinting" in one for one in configs] == [merged, merged]
    assert told(found, 2)[0] is merged


CHAINS: list[tuple[Any, ...]] = [
    ("ADD", patch("FILTER_CHAIN", "ADD", CHAIN), ["", "added"]),
    ("ADD without filters", patch("FILTER_CHAIN", "ADD", {"name": "x"}), [""]),
    ("MERGE", patch("FILTER_CHAIN", "MERGE", {"name": "new"}), ["new"]),
    ("REMOVE", patch("FILTER_CHAIN", "REMOVE"), []),
    ("REPLACE", patch("FILTER_CHAIN", "REPLACE", CHAIN), [""]),
    (
        "REMOVE by another name",
        patch("FILTER_CHAIN", "REMOVE", listener={"filterChain": {"name": "x"}}),
        [""],
    ),
]


@pytest.mark.parametrize(("change", "names"), **named(CHAINS))
def test_filter_chain_patches(change: dict[str, Any], names: list[str]) -> None:
    found = applied(change)
    assert [one.get("name", "") for one in found.listeners[0]["filter_chains"]] == names
    assert told(found)[0] is (names != [""])


DEFECT: list[tuple[str, bool]] = [
    ("1.9.1", False),
    ("1.9.2", True),
    ("1.9.5", True),
    ("1.9.6", False),
    ("1.10.0", True),
    ("1.10.1", True),
    ("1.10.2", False),
    ("1.11.0", False),
]


@pytest.mark.parametrize("family", ["FILTER_CHAIN", "CLUSTER"])
@pytest.mark.parametrize(("version", "lost"), DEFECT)
def test_a_transport_socket_of_its_own_name_is_not_built_where_istio_loses_it(
    version: str, lost: bool, family: str
) -> None:
    change = patch(family, "MERGE", {"transport_socket": {"name": "mine"}})
    if not lost:
        assert told(applied(change, release=version))[0]
        return
    with pytest.raises(NotBuilt, match=r"1\.9\.2 to 1\.9\.5.*`mine`.*istio/istio#33385"):
        applied(change, release=version)


def test_a_patch_without_a_transport_socket_is_merged_in_every_release() -> None:
    change = patch("FILTER_CHAIN", "MERGE", {"name": "mine"})
    assert told(applied(change, release="1.9.2"))[0]


def test_a_transport_socket_of_the_same_name_is_merged_and_nothing_else() -> None:
    def socket(**fields: Any) -> dict[str, Any]:
        return {"name": "tls", "typed_config": {"@type": TLS, **fields}}

    first = patch("FILTER_CHAIN", "MERGE", {"transport_socket": socket()})
    second = {"name": "lost", "transport_socket": socket(require_sni=True)}
    found = applied(first, patch("FILTER_CHAIN", "MERGE", second))
    chain = found.listeners[0]["filter_chains"][0]
    assert chain["transport_socket"] == socket(require_sni=True)
    assert "name" not in chain
    other = {"name": "tls", "typed_config": {"@type": RAW}}
    found = applied(first, patch("FILTER_CHAIN", "MERGE", {"transport_socket": other}))
    assert "istiod gave up patching listeners after a merge" in told(found, 1)[1]
    assert found.listeners[0]["filter_chains"][0]["transport_socket"] == socket()
    assert told(found, 0)[0]


NETWORK: list[tuple[Any, ...]] = [
    ("ADD", on_network("ADD", ECHO), [HCM, "mine"]),
    ("INSERT_FIRST", on_network("INSERT_FIRST", ECHO, "none"), ["mine", HCM]),
    ("INSERT_BEFORE", on_network("INSERT_BEFORE", ECHO), ["mine", HCM]),
    ("INSERT_BEFORE hcm", on_network("INSERT_BEFORE", ECHO, HCM), ["mine", HCM]),
    ("INSERT_AFTER", on_network("INSERT_AFTER", ECHO), [HCM, "mine"]),
    ("INSERT_AFTER hcm", on_network("INSERT_AFTER", ECHO, HCM), [HCM, "mine"]),
    ("INSERT_AFTER none", on_network("INSERT_AFTER", ECHO, "none"), [HCM]),
    ("REPLACE hcm", on_network("REPLACE", ECHO, HCM), ["mine"]),
    ("REPLACE", on_network("REPLACE", ECHO), [HCM]),
    ("REMOVE hcm", on_network("REMOVE", None, HCM), []),
    ("REMOVE", on_network("REMOVE"), [HCM]),
    ("MERGE a name", on_network("MERGE", {"name": "new"}, HCM), ["new"]),
    ("list merge", on_network("MERGE_AND_REPLACE_LIST", {"name": "new"}, HCM), [HCM]),
]


@pytest.mark.parametrize(("change", "names"), **named(NETWORK))
def test_network_filter_patches(change: dict[str, Any], names: list[str]) -> None:
    found = applied(change)
    assert network(found) == names
    assert told(found)[0] is (names != [HCM])


@pytest.mark.parametrize(("release", "left"), [("1.9", []), ("1.18", []), ("1.19", [HCM])])
def test_remove_without_a_filter_takes_every_network_filter_until_1_18(
    release: str, left: list[str]
) -> None:
    assert network(applied(on_network("REMOVE"), release=release)) == left


@pytest.mark.parametrize(("release", "names"), [("1.9", [HCM]), ("1.10", ["mine", HCM])])
def test_insert_first_needs_its_filter_in_1_9(release: str, names: list[str]) -> None:
    assert network(applied(on_network("INSERT_FIRST", ECHO, "none"), release=release)) == names


def test_http_filters_are_patched_after_their_connection_manager() -> None:
    merged = {"typed_config": {"@type": MANAGER, "http_filters": [lua("merged")]}}
    found = applied(
        on_http_filter("INSERT_AFTER", lua("after"), sub="merged"),
        on_network("MERGE", merged, HCM),
    )
    manager = found.listeners[0]["filter_chains"][0]["filters"][0]["typed_config"]
    assert [one["name"] for one in manager["http_filters"]][-3:] == [ROUTER, "merged", "after"]
    assert told(found, 1)[0]


MANAGER = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3."
    "HttpConnectionManager"
)


def test_a_bootstrap_patch_is_told_to_have_no_effect() -> None:
    effective, sentence = told(applied(patch("BOOTSTRAP", "MERGE", {})))
    assert not effective
    assert "BOOTSTRAP is never sent over xDS" in sentence
