"""What the agent makes of one ECDS response, release by release."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from clusters.pilot import agent as agents
from clusters.pilot import module_cache
from clusters.pilot.agent import NETWORK_RBAC, RBAC, Agent
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.fetch import FetchError
from clusters.pilot.wasm_extension import NETWORK_WASM, TYPED_STRUCT, WASM

MODULE = b"\0asm\1\0\0\0rest"
SHA = hashlib.sha256(MODULE).hexdigest()
URL = "http://files.test/filter.wasm"


@pytest.fixture
def served(monkeypatch):
    """What each URL gives; counts the downloads."""
    answers: dict[str, Any] = {URL: MODULE}
    downloads: list[tuple[str, float]] = []

    def fetch(url, *, timeout, behaviours, settings):
        downloads.append((url, timeout))
        if url not in answers:
            raise FetchError("status code 404")
        return answers[url]

    monkeypatch.setattr(module_cache, "fetch", fetch)
    answers["downloads"] = downloads
    return answers


def plugin(url=URL, sha256="", timeout="", **more):
    http_uri = {"uri": url} | ({"timeout": timeout} if timeout else {})
    code = {"remote": {"http_uri": http_uri, "sha256": sha256}}
    vm = {"vm_id": "v", "runtime": "envoy.wasm.runtime.v8", "code": code}
    return {"name": "p", "vm_config": vm | more.pop("vm", {})} | more


def typed_struct(config, name="x"):
    return {
        "name": name,
        "typed_config": {"@type": TYPED_STRUCT, "type_url": WASM, "value": {"config": config}},
    }


def direct(config, name="x"):
    return {"name": name, "typed_config": {"@type": WASM, "config": config}}


def network(config, name="x"):
    return {"name": name, "typed_config": {"@type": NETWORK_WASM, "config": config}}


def network_struct(config, name="x"):
    inner = {"@type": TYPED_STRUCT, "type_url": NETWORK_WASM, "value": {"config": config}}
    return {"name": name, "typed_config": inner}


def localize(version, tmp_path, *resources):
    return Agent(Behaviours(version), tmp_path).localize(resources)


@pytest.mark.parametrize("version", ["1.9.0", "1.12.0", "1.31.0"])
def test_a_typed_struct_becomes_direct_wasm_with_a_local_file(version, tmp_path, served):
    [resource] = localize(version, tmp_path, typed_struct(plugin())).resources

    assert resource["typed_config"]["@type"] == WASM
    filename = resource["typed_config"]["config"]["vm_config"]["code"]["local"]["filename"]
    assert Path(filename).read_bytes() == MODULE
    assert resource["typed_config"]["config"]["name"] == "p"


def test_direct_wasm_is_converted_since_1_12_and_untouched_before(tmp_path, served):
    before = localize("1.11.0", tmp_path, direct(plugin()))
    since = localize("1.12.0", tmp_path, direct(plugin()))

    assert before.resources == (direct(plugin()),)
    assert "local" in since.resources[0]["typed_config"]["config"]["vm_config"]["code"]


@pytest.mark.parametrize("form", [network, network_struct])
def test_network_wasm_is_converted_since_1_20_and_untouched_before(form, tmp_path, served):
    before = localize("1.19.0", tmp_path, form(plugin()))
    since = localize("1.20.0", tmp_path, form(plugin()))

    assert before.resources == (form(plugin()),)
    assert since.resources[0]["typed_config"]["@type"] == NETWORK_WASM
    assert "local" in since.resources[0]["typed_config"]["config"]["vm_config"]["code"]


@pytest.mark.parametrize(
    ("version", "config", "substitute"),
    [
        ("1.24.0", {"fail_open": True}, {}),
        ("1.25.0", {"failure_policy": "FAIL_CLOSED"}, {"rules": {}}),
        (
            "1.28.0",
            {"failure_policy": "FAIL_CLOSED"},
            {"rules": {}, "stat_prefix": "wasm-default-deny"},
        ),
        ("1.28.0", {"failure_policy": "FAIL_OPEN"}, {"stat_prefix": "wasm-default-allow"}),
    ],
)
def test_a_network_filter_that_cannot_be_fetched_becomes_a_network_rbac(
    version, config, substitute, tmp_path, served
):
    resource = network(plugin(url="http://files.test/gone.wasm", **config))

    [made] = localize(version, tmp_path, resource).resources

    assert made == {"name": "x", "typed_config": {"@type": NETWORK_RBAC} | substitute}


@pytest.mark.parametrize(
    "resource",
    [
        direct({"vm_config": {"code": {"local": {"filename": "/x"}}}}),
        {"name": "x", "typed_config": {"@type": RBAC}},
        {"name": "x", "typed_config": {"@type": TYPED_STRUCT, "type_url": RBAC, "value": {}}},
        {
            "name": "x",
            "typed_config": {
                "@type": "type.googleapis.com/xds.type.v3.TypedStruct",
                "type_url": WASM,
                "value": {"config": plugin()},
            },
        },
    ],
    ids=["local code", "no Wasm", "a struct of another type", "the xds TypedStruct"],
)
def test_what_is_none_of_the_agents_business_passes_through(resource, tmp_path, served):
    assert localize("1.31.0", tmp_path, resource).resources == (resource,)
    assert served["downloads"] == []


LAYOUTS = {
    "1.14.0": f"{SHA}.wasm",
    "1.15.0": f"{hashlib.sha256(URL.encode()).hexdigest()}/{SHA}.wasm",
}


@pytest.mark.parametrize("version", LAYOUTS)
def test_the_cache_file_has_the_releases_path(version, tmp_path, served):
    localize(version, tmp_path, typed_struct(plugin()))

    assert (tmp_path / LAYOUTS[version]).read_bytes() == MODULE


def test_a_checksum_that_matches_is_downloaded_once(tmp_path, served):
    agent = Agent(Behaviours("1.9.0"), tmp_path)
    for _ in range(3):
        assert agent.localize([typed_struct(plugin(sha256=SHA))]).failures == ()

    assert len(served["downloads"]) == 1


def test_without_a_checksum_a_url_is_fetched_each_time_until_1_14_and_once_since(tmp_path, served):
    counts = {}
    for version in ("1.9.0", "1.14.6", "1.15.0"):
        served["downloads"].clear()
        agent = Agent(Behaviours(version), tmp_path)
        for _ in range(3):
            agent.localize([typed_struct(plugin())])
        counts[version] = len(served["downloads"])

    assert counts == {"1.9.0": 3, "1.14.6": 3, "1.15.0": 1}


def test_pull_policy_always_downloads_again_when_the_resource_changed(tmp_path, served):
    agent = Agent(Behaviours("1.31.0"), tmp_path)

    def apply(version):
        variables = {
            "ISTIO_META_WASM_IMAGE_PULL_POLICY": "Always",
            "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION": version,
        }
        vm = {"environment_variables": {"key_values": variables}}
        agent.localize([direct(plugin(vm=vm))])
        return len(served["downloads"])

    assert [apply("1"), apply("1"), apply("2")] == [1, 1, 2]


def test_a_wrong_checksum_is_refused_with_both_sums(tmp_path, served):
    [failure] = localize("1.31.0", tmp_path, typed_struct(plugin(sha256="0" * 64))).failures

    assert failure == (
        f"cannot fetch Wasm module {URL}: module downloaded from {URL} has checksum {SHA}, "
        f"which does not match: {'0' * 64}"
    )


def test_nil_means_no_checksum_since_1_12(tmp_path, served):
    assert localize("1.11.0", tmp_path, typed_struct(plugin(sha256="nil"))).failures
    assert not localize("1.12.0", tmp_path, typed_struct(plugin(sha256="nil"))).failures


def test_the_magic_number_is_looked_at_since_1_12(tmp_path, served):
    served[URL] = b"<html>login</html>"

    assert not localize("1.11.0", tmp_path, typed_struct(plugin())).failures
    [failure] = localize("1.12.0", tmp_path, typed_struct(plugin())).failures
    assert failure.endswith(f"fetched Wasm binary from {URL} is invalid")


TIMEOUTS = {
    ("1.14.0", ""): 90.0,
    ("1.15.0", ""): 5.0,
    ("1.31.0", "30s"): 30.0,
    ("1.9.0", "0.5s"): 0.5,
}


@pytest.mark.parametrize(("version", "given"), TIMEOUTS)
def test_the_time_limit_is_the_configured_one_or_the_releases(version, given, tmp_path, served):
    localize(version, tmp_path, typed_struct(plugin(timeout=given)))

    assert served["downloads"] == [(URL, TIMEOUTS[version, given])]


GONE = "http://files.test/gone.wasm"


@pytest.mark.parametrize("version", ["1.9.0", "1.14.6", "1.17.8", "1.18.0", "1.24.6"])
def test_a_failed_fetch_holds_the_whole_response_until_1_24(version, tmp_path, served):
    localized = localize(
        version, tmp_path, typed_struct(plugin(GONE), "bad"), typed_struct(plugin(), "good")
    )

    assert localized.resources is None
    assert localized.failures == (f"cannot fetch Wasm module {GONE}: status code 404",)
    early = version in ("1.9.0", "1.14.6", "1.17.8")
    assert localized.nack == (agents.NACK_TEXT if early else localized.failures[0])


@pytest.mark.parametrize("version", ["1.25.0", "1.27.8", "1.28.0", "1.31.0"])
def test_a_failed_fetch_denies_everything_since_1_25(version, tmp_path, served):
    localized = localize(version, tmp_path, typed_struct(plugin(GONE)))

    prefix = {"rules_stat_prefix": "wasm-default-deny"} if version >= "1.28.0" else {}
    assert localized.resources == (
        {"name": "x", "typed_config": {"@type": RBAC, "rules": {}} | prefix},
    )
    assert localized.nack == ""


@pytest.mark.parametrize("version", ["1.9.0", "1.14.5", "1.15.3"])
def test_a_failed_fetch_that_fails_open_went_to_envoy_as_it_was(version, tmp_path, served):
    resource = typed_struct(plugin(GONE, fail_open=True))

    assert localize(version, tmp_path, resource).resources == (resource,)


@pytest.mark.parametrize("version", ["1.14.6", "1.15.4", "1.16.0", "1.24.6", "1.31.0"])
def test_a_failed_fetch_that_fails_open_allows_everything_later(version, tmp_path, served):
    resource = typed_struct(plugin(GONE, fail_open=True))
    [substitute] = localize(version, tmp_path, resource).resources

    assert substitute["typed_config"]["@type"] == RBAC
    assert "rules" not in substitute["typed_config"]


def test_failure_policy_decides_before_fail_open_since_1_25(tmp_path, served):
    config = plugin(GONE, fail_open=True, failure_policy="FAIL_CLOSED")

    [substitute] = localize("1.25.0", tmp_path, direct(config)).resources
    assert substitute["typed_config"]["rules"] == {}
    [substitute] = localize("1.24.0", tmp_path, direct(config)).resources
    assert "rules" not in substitute["typed_config"]


def environment(**variables):
    return {"environment_variables": {"key_values": variables}}


def test_istios_own_variables_never_reach_the_vm_since_1_18(tmp_path, served):
    vm = environment(ISTIO_META_WASM_IMAGE_PULL_POLICY="Always", MINE="1")
    old, new = (
        localize(version, tmp_path, direct(plugin(vm=vm))).resources[0]["typed_config"]["config"]
        for version in ("1.17.0", "1.18.0")
    )

    assert new["vm_config"]["environment_variables"] == {"key_values": {"MINE": "1"}}
    assert (
        "ISTIO_META_WASM_IMAGE_PULL_POLICY"
        in old["vm_config"]["environment_variables"]["key_values"]
    )


def test_an_environment_of_only_istios_variables_is_dropped(tmp_path, served):
    vm = environment(ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION="7")
    [resource] = localize("1.31.0", tmp_path, direct(plugin(vm=vm))).resources

    assert "environment_variables" not in resource["typed_config"]["config"]["vm_config"]


UNREADABLE = {
    "no code": (typed_struct({"vm_config": {"vm_id": "v"}}), "no remote and local load found in"),
    "nothing at all": ({"name": "x"}, "does not contain any typed config"),
    "wrong type": (
        typed_struct({"vm_config": {"vm_id": {"not": "a string"}}}),
        "failed to convert extension config struct",
    ),
    "an unknown field": (
        typed_struct(plugin(vm={"colour": "red"})),
        "failed to convert extension config struct",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_wasm_passed_before_1_18_and_is_refused_since(case, tmp_path, served):
    resource, text = UNREADABLE[case]

    assert localize("1.17.0", tmp_path, resource).resources == (resource,)
    refused = localize("1.18.0", tmp_path, resource)
    assert refused.resources is None
    assert text in refused.nack


def test_a_missing_pull_secret_is_named(tmp_path, served):
    vm = environment(ISTIO_META_WASM_IMAGE_PULL_SECRET="")

    [failure] = localize("1.31.0", tmp_path, direct(plugin(vm=vm))).failures
    assert failure == "cannot fetch Wasm module p: missing image pulling secret"
