"""What the agent remembers of images, and when it looks again."""

import hashlib
from dataclasses import replace

import pytest

from clusters.pilot.agent import Agent
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.module_cache import ModuleCache, Wanted
from clusters.pilot.settings import Settings
from clusters.pilot.transport import FetchError
from clusters.pilot.wasm_extension import WASM
from filters import images
from tests.clusters.oci.pulling import IMAGE, MODULE, MOVED, NEW, OTHER


def wanted(url, **changes):
    plain = Wanted(
        url, checksum="", resource="x", resource_version="1", pull_policy="", timeout=5.0
    )
    return replace(plain, **changes)


def test_an_image_is_cached_under_its_repository(registry, tmp_path):
    url = registry.serve(IMAGE)
    path = ModuleCache(tmp_path, Behaviours(NEW)).get(wanted(url))
    name = hashlib.sha256(url.rpartition(":")[0].encode()).hexdigest()

    assert path == tmp_path / name / f"{IMAGE.checksum}.wasm"
    assert path.read_bytes() == MODULE


@pytest.mark.parametrize(("version", "asked"), [("1.12.0", 3), ("1.13.9", 3), ("1.14.0", 1)])
def test_a_tag_is_asked_for_each_time_until_1_13(registry, tmp_path, version, asked):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(version))
    for _ in range(3):
        cache.get(wanted(url))

    assert registry.requests(url) == asked


@pytest.mark.parametrize(("version", "asked"), [("1.13.9", 2), ("1.14.0", 1)])
def test_a_digest_is_known_from_any_tag_since_1_14(registry, tmp_path, version, asked):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(version))

    assert cache.get(wanted(url)) == cache.get(wanted(registry.pinned(url)))
    assert registry._requests.total() == asked


@pytest.mark.parametrize("version", ["1.12.0", NEW])
def test_a_checksum_is_that_of_the_manifest_and_needs_no_second_look(registry, tmp_path, version):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(version))
    for _ in range(3):
        cache.get(wanted(url, checksum=IMAGE.checksum))

    assert registry.requests(url) == 1


def test_the_modules_own_checksum_is_a_mismatch(registry, tmp_path):
    url, own = registry.serve(IMAGE), hashlib.sha256(MODULE).hexdigest()

    with pytest.raises(FetchError) as failed:
        ModuleCache(tmp_path, Behaviours(NEW)).get(wanted(url, checksum=own))
    assert str(failed.value) == (
        f"module downloaded from {url} has checksum {IMAGE.checksum}, which does not match: {own}"
    )


# policy, tag -> whether a moved tag is followed when the resource did not change, and did
MOVES = {
    ("IfNotPresent", "1"): (False, False),
    ("IfNotPresent", "latest"): (False, False),
    ("", "1"): (False, False),
    ("", "latest"): (False, True),
    ("Always", "1"): (False, True),
    ("Always", "latest"): (False, True),
    ("unheard of", "latest"): (False, True),
}


@pytest.mark.parametrize(("policy", "tag"), MOVES)
@pytest.mark.parametrize("version", ["1.14.0", NEW])
def test_a_moved_tag_is_followed_as_the_pull_policy_says(registry, tmp_path, policy, tag, version):
    url = registry.serve(IMAGE, tag=tag)
    cache = ModuleCache(tmp_path, Behaviours(version))

    def get(resource_version):
        return cache.get(
            wanted(url, pull_policy=policy, resource_version=resource_version)
        ).read_bytes()

    assert get("1") == MODULE
    registry.move(url, MOVED)
    assert (get("1") == OTHER, get("2") == OTHER) == MOVES[policy, tag]


def test_a_pull_that_fails_is_not_tried_again_for_the_same_version(registry, tmp_path):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(NEW))
    cache.get(wanted(url, pull_policy="Always"))
    registry.fail(url, 404)
    again = wanted(url, pull_policy="Always", resource_version="2")

    with pytest.raises(FetchError):
        cache.get(again)
    assert cache.get(again).read_bytes() == MODULE


def test_an_image_whose_manifest_is_known_is_not_downloaded_again(registry, tmp_path):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours("1.13.0"))
    path = cache.get(wanted(url))
    registry.corrupt(url)

    assert cache.get(wanted(url)) == path
    assert registry.requests(url) == 2


def test_no_tag_is_kept_though_it_means_latest(registry, tmp_path):
    url = registry.serve(IMAGE, tag="latest")
    bare, cache = url.removesuffix(":latest"), ModuleCache(tmp_path, Behaviours(NEW))
    cache.get(wanted(bare))
    registry.move(url, MOVED)

    assert cache.get(wanted(bare, resource_version="2")).read_bytes() == MODULE


def test_each_resource_pulls_by_its_own_version(registry, tmp_path):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(NEW))
    for resource in ("a", "b"):
        cache.get(wanted(url, pull_policy="Always", resource=resource))
    registry.move(url, MOVED)

    a = cache.get(wanted(url, pull_policy="Always", resource="a")).read_bytes()
    new = wanted(url, pull_policy="Always", resource="b", resource_version="2")
    assert (a, cache.get(new).read_bytes()) == (MODULE, OTHER)


def test_a_known_module_needs_no_registry(registry, tmp_path):
    url = registry.serve(IMAGE)
    cache = ModuleCache(tmp_path, Behaviours(NEW))
    path = cache.get(wanted(url))
    registry.stop()

    assert cache.get(wanted(url, resource_version="2")) == path
    with pytest.raises(FetchError, match="refused"):
        cache.get(wanted(url, pull_policy="Always", resource_version="3"))


@pytest.mark.parametrize("url", ["oci://127.0.0.1:1/some:1", "ftp://files.test/a.wasm"])
def test_a_scheme_that_the_release_does_not_know_is_named(tmp_path, url):
    scheme = url.partition(":")[0]

    with pytest.raises(FetchError) as failed:
        ModuleCache(tmp_path, Behaviours("1.11.0")).get(wanted(url))
    assert str(failed.value) == f"unsupported Wasm module downloading URL scheme: {scheme}"


def test_bytes_that_are_no_wasm_are_refused_in_an_image_too(registry, tmp_path):
    url = registry.serve(images.build(b"hello, hello", "compat"))

    with pytest.raises(FetchError, match=r"fetched Wasm binary from .* is invalid"):
        ModuleCache(tmp_path, Behaviours(NEW)).get(wanted(url))


@pytest.mark.parametrize("version", ["1.13.0", "1.14.0"])
def test_the_agent_reads_policy_and_secret_from_the_environment_of_the_vm(
    registry, tmp_path, version
):
    registry.demand("basic")
    url = registry.serve(IMAGE)
    variables = {"ISTIO_META_WASM_IMAGE_PULL_SECRET": registry.pull_secret}
    vm = {
        "vm_id": "v",
        "code": {"remote": {"http_uri": {"uri": url}}},
        "environment_variables": {"key_values": variables},
    }
    resource = {"name": "x", "typed_config": {"@type": WASM, "config": {"vm_config": vm}}}
    localized = Agent(Behaviours(version), tmp_path).localize([resource])

    assert bool(localized.failures) is (version == "1.13.0")


def test_an_agent_that_begins_anew_remembers_nothing(registry, tmp_path):
    url = registry.serve(IMAGE)
    agent = Agent(Behaviours(NEW), tmp_path)

    def localize(agent):
        vm = {"vm_id": "v", "code": {"remote": {"http_uri": {"uri": url}}}}
        resource = {"name": "x", "typed_config": {"@type": WASM, "config": {"vm_config": vm}}}
        return agent.localize([resource])

    for _ in range(2):
        localize(agent)
    assert registry.requests(url) == 1
    assert localize(agent.restarted(Settings())).failures == ()
    assert registry.requests(url) == 2
    assert "unexpected EOF" in localize(agent.restarted(Settings(size_limit=9))).failures[0]
