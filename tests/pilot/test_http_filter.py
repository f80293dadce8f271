"""HTTP_FILTER: what each operation does to the filters of a gateway, release by release."""

from typing import Any

import pytest

from clusters.pilot.documents import NotBuilt
from tests.pilot.building import (
    CORS,
    FAULT,
    RELEASES,
    ROUTER,
    STATS,
    envoy_filter,
    gateway,
    http_filters,
    lua,
    manager,
    named,
    on_http_filter,
    pushed,
)

LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
ROUTER_TYPE = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
DISCOVERED = {
    "name": "mine",
    "config_discovery": {"config_source": {"ads": {}}, "type_urls": [LUA]},
}


def applied(*patches: dict[str, Any], release: str = "latest") -> Any:
    return pushed(gateway(), envoy_filter(*patches), release=release)


def minors(first: int, last: int) -> list[str]:
    return [f"1.{minor}" for minor in range(first, last + 1)]


GENERATED: list[tuple[Any, ...]] = [
    *((one, [CORS, FAULT, ROUTER]) for one in minors(9, 12)),
    *((one, [FAULT, CORS, ROUTER]) for one in minors(13, 17)),
    *((one, [STATS, FAULT, CORS, ROUTER]) for one in minors(18, 31)),
]


@pytest.mark.parametrize(("release", "names"), GENERATED)
def test_the_filters_istio_makes_are_those_of_the_release(release: str, names: list[str]) -> None:
    assert http_filters(pushed(gateway(), release=release)) == names


PLACED: list[tuple[Any, ...]] = [
    ("ADD", on_http_filter("ADD", lua()), [STATS, FAULT, CORS, ROUTER, "mine"]),
    (
        "ADD ignores the subFilter",
        on_http_filter("ADD", lua(), sub=CORS),
        [STATS, FAULT, CORS, ROUTER, "mine"],
    ),
    ("INSERT_FIRST", on_http_filter("INSERT_FIRST", lua()), ["mine", STATS, FAULT, CORS, ROUTER]),
    (
        "INSERT_FIRST ignores the subFilter",
        on_http_filter("INSERT_FIRST", lua(), sub="none"),
        ["mine", STATS, FAULT, CORS, ROUTER],
    ),
    ("INSERT_BEFORE", on_http_filter("INSERT_BEFORE", lua()), ["mine", STATS, FAULT, CORS, ROUTER]),
    (
        "INSERT_BEFORE the router",
        on_http_filter("INSERT_BEFORE", lua(), sub=ROUTER),
        [STATS, FAULT, CORS, "mine", ROUTER],
    ),
    ("INSERT_AFTER", on_http_filter("INSERT_AFTER", lua()), [STATS, FAULT, CORS, ROUTER, "mine"]),
    (
        "INSERT_AFTER fault",
        on_http_filter("INSERT_AFTER", lua(), sub=FAULT),
        [STATS, FAULT, "mine", CORS, ROUTER],
    ),
    (
        "INSERT_AFTER the router",
        on_http_filter("INSERT_AFTER", lua(), sub=ROUTER),
        [STATS, FAULT, CORS, ROUTER, "mine"],
    ),
    ("REPLACE cors", on_http_filter("REPLACE", lua(), sub=CORS), [STATS, FAULT, "mine", ROUTER]),
    ("REMOVE cors", on_http_filter("REMOVE", sub=CORS), [STATS, FAULT, ROUTER]),
    (
        "ECDS",
        on_http_filter("INSERT_BEFORE", DISCOVERED, sub=ROUTER),
        [STATS, FAULT, CORS, "mine", ROUTER],
    ),
]


@pytest.mark.parametrize(("patch", "names"), **named(PLACED))
def test_an_operation_puts_its_filter_in_its_place(patch: dict[str, Any], names: list[str]) -> None:
    found = applied(patch)
    assert http_filters(found) == names
    assert found.outcomes[0].effective is (names[-1] == ROUTER)


def test_a_filter_behind_the_router_is_told_as_no_effect() -> None:
    found = applied(on_http_filter("ADD", lua()))
    assert found.outcomes[0].sentence == (
        "its filter stands behind envoy.filters.http.router in listener 0.0.0.0_8080, and Envoy "
        "refuses the listener; write INSERT_BEFORE"
    )


def test_an_outcome_says_where_the_filter_stands() -> None:
    found = applied(on_http_filter("INSERT_BEFORE", lua(), sub=ROUTER))
    assert found.outcomes[0].sentence == (
        f"is HTTP filter 4 of 5 ({STATS}, {FAULT}, {CORS}, mine, {ROUTER}) in listener 0.0.0.0_8080"
    )


IGNORED: list[tuple[Any, ...]] = [
    (
        operation,
        on_http_filter(operation, lua(), sub="envoy.filters.http.ratelimit"),
        f"no HTTP filter `envoy.filters.http.ratelimit` in listener 0.0.0.0_8080, "
        f"which has: {STATS}, {FAULT}, {CORS}, {ROUTER}",
    )
    for operation in ("INSERT_BEFORE", "INSERT_AFTER", "REPLACE", "REMOVE", "MERGE")
] + [
    (
        "REPLACE without subFilter",
        on_http_filter("REPLACE", lua()),
        "REPLACE without a subFilter is ignored; name the HTTP filter (listener 0.0.0.0_8080)",
    ),
    (
        "REMOVE without subFilter",
        on_http_filter("REMOVE"),
        "REMOVE without a subFilter is ignored since Istio 1.19; "
        "name the HTTP filter (listener 0.0.0.0_8080)",
    ),
    (
        "list merge",
        on_http_filter("MERGE_AND_REPLACE_LIST", lua(), sub=CORS),
        "Istio ignores MERGE_AND_REPLACE_LIST on HTTP_FILTER; write MERGE (listener 0.0.0.0_8080)",
    ),
]


@pytest.mark.parametrize(("patch", "sentence"), **named(IGNORED))
def test_what_istio_ignores_changes_nothing_and_is_told(
    patch: dict[str, Any], sentence: str
) -> None:
    found = applied(patch)
    assert http_filters(found) == [STATS, FAULT, CORS, ROUTER]
    assert (found.outcomes[0].effective, found.outcomes[0].sentence) == (False, sentence)


def test_insert_first_is_ignored_by_1_9_only() -> None:
    patch = on_http_filter("INSERT_FIRST", lua())
    found = applied(patch, release="1.9")
    assert http_filters(found) == [CORS, FAULT, ROUTER]
    assert "Istio 1.9 ignores INSERT_FIRST on HTTP_FILTER" in found.outcomes[0].sentence
    assert http_filters(applied(patch, release="1.10")) == ["mine", CORS, FAULT, ROUTER]


@pytest.mark.parametrize(("release", "left"), [("1.9", []), ("1.18", []), ("1.19", 4), ("1.31", 4)])
def test_remove_without_a_subfilter_takes_everything_until_1_18(release: str, left: Any) -> None:
    found = applied(on_http_filter("REMOVE"), release=release)
    assert len(http_filters(found)) == (left or 0)
    assert found.outcomes[0].effective is (left == [])


# A filter is put in and taken out again by one document, in both orders.
PUT, TAKE = on_http_filter("INSERT_BEFORE", lua()), on_http_filter("REMOVE", sub="mine")


@pytest.mark.parametrize("release", [one for one in RELEASES if one != "1.13"])
def test_a_remove_sees_what_was_put_in_when_its_release_says_so(release: str) -> None:
    minor = int(release.partition(".")[2])
    put_then_take = applied(PUT, TAKE, release=release)
    take_then_put = applied(TAKE, PUT, release=release)
    assert ("mine" in http_filters(put_then_take)) is (minor < 14)
    assert ("mine" in http_filters(take_then_put)) is (minor < 14 or minor > 18)


def test_a_filter_that_a_later_patch_took_out_has_no_effect() -> None:
    put, take = applied(PUT, TAKE).outcomes
    assert not put.effective
    assert put.sentence == (
        "what it put into listener 0.0.0.0_8080 was removed or replaced by a later patch"
    )
    assert take.effective
    assert take.sentence == "removed mine in listener 0.0.0.0_8080"


def test_a_patch_that_finds_nothing_left_is_told() -> None:
    found = applied(on_http_filter("REMOVE"), on_http_filter("MERGE", lua()), release="1.18")
    assert found.outcomes[1].sentence == "an earlier patch removed what it matches"
    replaced = on_http_filter("REPLACE", lua(), sub=CORS)
    found = applied(on_http_filter("REMOVE"), replaced, release="1.9")
    assert found.outcomes[1].sentence == (
        f"no HTTP filter `{CORS}` in listener 0.0.0.0_8080, which has: none"
    )
    emptied = [on_http_filter("REMOVE", sub=one) for one in (STATS, FAULT, CORS, ROUTER)]
    found = applied(*emptied, merging(router(), sub=None), release="1.31")
    assert found.outcomes[4].sentence == "no HTTP filter is left in listener 0.0.0.0_8080"


@pytest.mark.parametrize("version", ["1.13.0", "1.13.2"])
def test_the_remove_defect_of_1_13_is_not_imitated_but_named(version: str) -> None:
    with pytest.raises(NotBuilt, match="istio/istio#37961"):
        applied(on_http_filter("REMOVE", sub=CORS), release=version)


def test_remove_works_from_1_13_3() -> None:
    found = applied(on_http_filter("REMOVE", sub=CORS), release="1.13.3")
    assert http_filters(found) == [FAULT, ROUTER]


def test_patches_run_in_their_order_over_documents() -> None:
    found = pushed(
        gateway(),
        envoy_filter(on_http_filter("INSERT_BEFORE", lua("b"), sub="a"), name="second"),
        envoy_filter(on_http_filter("INSERT_BEFORE", lua("a"), sub=ROUTER), name="first"),
    )
    assert http_filters(found) == [STATS, FAULT, CORS, "b", "a", ROUTER]


def test_a_patch_reaches_every_listener_it_matches() -> None:
    found = pushed(gateway(), gateway("other", port=8081), envoy_filter(PUT))
    assert [len(_filters(one)) for one in found.listeners] == [5, 5]
    assert found.outcomes[0].sentence.endswith(") in listener 0.0.0.0_8080, listener 0.0.0.0_8081")


def _filters(listener: dict[str, Any]) -> list[dict[str, Any]]:
    config = listener["filter_chains"][0]["filters"][0]["typed_config"]
    filters: list[dict[str, Any]] = config["http_filters"]
    return filters


# --- MERGE ------------------------------------------------------------------------------------


def merging(value: dict[str, Any], sub: str | None = ROUTER) -> dict[str, Any]:
    return on_http_filter("MERGE", value, sub=sub)


def router(**fields: Any) -> dict[str, Any]:
    return {"typed_config": {"@type": ROUTER_TYPE, **fields}}


def test_merge_sets_fields_of_the_filter_it_names() -> None:
    found = applied(merging(router(suppress_envoy_headers=True)))
    assert manager(found)["http_filters"][-1] == {
        "name": ROUTER,
        "typed_config": {"@type": ROUTER_TYPE, "suppress_envoy_headers": True},
    }
    assert found.outcomes[0].sentence == f"merged into {ROUTER} in listener 0.0.0.0_8080"


def test_merges_follow_one_another_and_lists_grow() -> None:
    found = applied(
        merging(router(strict_check_headers=["a"])), merging(router(strict_check_headers=["b"]))
    )
    config = manager(found)["http_filters"][-1]["typed_config"]
    assert config["strict_check_headers"] == ["a", "b"]


@pytest.mark.parametrize("value", [{}, {"name": ROUTER}, router()], ids=str)
def test_a_merge_that_changes_nothing_says_so(value: dict[str, Any]) -> None:
    [outcome] = applied(merging(value)).outcomes

    assert not outcome.effective
    assert f"its value changes nothing in HTTP filter `{ROUTER}`" in outcome.sentence


def test_merge_can_rename_a_filter() -> None:
    found = applied(merging({"name": "other"}, sub=CORS))
    assert http_filters(found) == [STATS, FAULT, "other", ROUTER]


@pytest.mark.parametrize(("release", "name"), [("1.18", CORS), ("1.19", "envoy.cors")])
def test_a_deprecated_new_name_becomes_the_canonical_one_until_1_18(
    release: str, name: str
) -> None:
    found = applied(merging({"name": "envoy.cors"}, sub=CORS), release=release)
    assert name in http_filters(found)


def test_merge_leaves_a_discovered_filter_alone_and_says_so() -> None:
    found = applied(on_http_filter("INSERT_BEFORE", DISCOVERED), merging(lua(), sub="mine"))
    assert not found.outcomes[1].effective
    assert "HTTP filter `mine` has no typed_config to merge into" in found.outcomes[1].sentence


@pytest.mark.parametrize(("release", "seen"), [("1.12", False), ("1.14", True), ("1.31", True)])
def test_merge_sees_filters_that_patches_put_in_from_1_14(release: str, seen: bool) -> None:
    code = {"inline_code": "-- two"}
    found = applied(
        on_http_filter("INSERT_BEFORE", lua(inline_code="-- one")),
        merging(lua(**code), sub="mine"),
        release=release,
    )
    assert found.outcomes[1].effective is seen
    mine = next(one for one in manager(found)["http_filters"] if one["name"] == "mine")
    assert mine["typed_config"]["inline_code"] == ("-- two" if seen else "-- one")


MISMATCH = merging(lua("", inline_code="-- x"), sub=CORS)


def test_merging_another_type_gives_up_all_listener_patches_from_1_27() -> None:
    first = on_http_filter("INSERT_BEFORE", lua("first"))
    found = applied(first, MISMATCH, release="1.27")
    assert http_filters(found) == [STATS, FAULT, CORS, ROUTER]
    assert [one.effective for one in found.outcomes] == [False, False]
    assert found.outcomes[0].sentence == (
        "istiod gave up patching listeners after a merge: descriptor mismatch: "
        "envoy.extensions.filters.http.cors.v3.Cors != envoy.extensions.filters.http.lua.v3.Lua"
    )


def test_a_listener_patched_before_the_mismatch_keeps_its_patches() -> None:
    patch = dict(MISMATCH)
    patch["match"] = {"listener": MISMATCH["match"]["listener"] | {"portNumber": 8081}}
    first = on_http_filter("INSERT_BEFORE", lua("first"))
    found = pushed(
        gateway(),
        gateway("other", port=8081),
        gateway("third", port=8082),
        envoy_filter(first, patch),
    )
    assert [len(_filters(one)) for one in found.listeners] == [5, 4, 4]
    assert found.outcomes[0].effective
    assert found.outcomes[0].sentence.endswith("in listener 0.0.0.0_8080")


def test_merging_another_type_reads_the_bytes_as_the_target_until_1_26() -> None:
    # Field 1 of Lua is a text; fault's field 1 is a message, which these bytes are not.
    unreadable = merging(lua("", inline_code="-- x"), sub=FAULT)
    found = applied(on_http_filter("INSERT_BEFORE", lua("first")), unreadable, release="1.26")
    assert http_filters(found) == ["first", STATS, FAULT, CORS, ROUTER]
    assert [one.effective for one in found.outcomes] == [True, False]
    assert "its typed_config cannot be read as that of HTTP filter" in found.outcomes[1].sentence


def test_bytes_that_make_sense_as_the_target_are_merged_until_1_26() -> None:
    # Field 1 of Buffer is a message with a number; the router's field 1 is a message too.
    buffer = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
        "max_request_bytes": 1,
    }
    found = applied(merging({"typed_config": buffer}), release="1.26")
    assert manager(found)["http_filters"][-1]["typed_config"]["dynamic_stats"] is True


def test_a_typed_struct_merges_with_a_typed_struct_by_top_level_key() -> None:
    def wrapped(**value: Any) -> dict[str, Any]:
        return {
            "name": "mine",
            "typed_config": {
                "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
                "type_url": LUA,
                "value": value,
            },
        }

    found = applied(
        on_http_filter("INSERT_BEFORE", wrapped(a={"x": 1}, b=2)),
        merging(wrapped(a={"z": 1}), sub="mine"),
    )
    config = manager(found)["http_filters"][0]["typed_config"]
    assert config["value"] == {"a": {"z": 1}, "b": 2}


def test_merge_without_a_subfilter_hits_every_filter() -> None:
    found = applied(merging({"name": "x"}, sub=None))
    assert http_filters(found) == ["x"] * 4
