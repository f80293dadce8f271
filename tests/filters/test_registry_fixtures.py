"""What a run is given of image registries, from the command line to the test."""

import pytest

from filters import cache
from filters.image_registry import ImageRegistry

SUITE = """
def test_published(publisher, probe_module):
    url = publisher.publish(probe_module("empty"))
    assert url.startswith(("http://", "oci://"))
    print()
    print("published", url, publisher.checksum(probe_module("empty")))

def test_own(image_registry, probe_module):
    assert image_registry.publish(probe_module("empty")).startswith("oci://127.0.0.1:")

def test_real(docker_registry, probe_module):
    assert docker_registry.publish(probe_module("empty")).startswith("oci://127.0.0.1:")
"""
CACHE = cache.folder().parent


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest with this plugin alone, and with the cache of the outer run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("DOCKER_CONFIG", str(pytester.path))
    pytester.makeini("[pytest]\nfilterwarnings = error\nstrict = true\n")
    pytester.makepyfile(test_suite=SUITE)
    plugins = ("-p", "filters.plugin", "-p", "no:cacheprovider", "-rs")
    return lambda *options: pytester.runpytest_inprocess(*plugins, *options)


@pytest.fixture
def without_registry(monkeypatch):
    """A machine on which no registry is installed."""
    from filters import docker_registry

    monkeypatch.setattr(docker_registry, "NAMES", ("no-such-registry",))


def test_a_missing_registry_is_a_skip_with_the_command(run, without_registry):
    result = run("-k", "own or real")

    result.assert_outcomes(passed=1, skipped=1, deselected=1)
    result.stdout.fnmatch_lines(["*no-such-registry*", "*Hint: bash .ci/toolchains-registry*"])


def test_a_missing_registry_is_a_failure_where_the_run_is_strict(run, without_registry):
    result = run("-k", "real", "--strict-toolchains")

    result.assert_outcomes(errors=1, deselected=2)
    result.stdout.fnmatch_lines(["*no-such-registry*"])


def test_filters_are_published_to_the_registry_that_is_named(run):
    with ImageRegistry() as own:
        result = run("-k", "published", "-s", f"--registry={own.host}/team/filters")

        result.assert_outcomes(passed=1, deselected=2)
        [line] = [line for line in result.outlines if line.startswith("published")]
        _, url, checksum = line.split()
        assert url == f"oci://{own.host}/team/filters@sha256:{checksum}"
        assert f"sha256:{checksum}" in own._blobs


def test_without_one_they_are_on_a_file_server(run):
    result = run("-k", "published", "-s")

    result.assert_outcomes(passed=1, deselected=2)
    result.stdout.fnmatch_lines(["published http://127.0.0.1:*"])


def test_a_registry_that_cannot_be_meant_is_told_once(run):
    result = run("-k", "published", "--registry=Team/Filters")

    result.assert_outcomes(errors=1, deselected=2)
    result.stdout.fnmatch_lines(["*--registry=Team/Filters: 'Team/Filters' is not HOST/REPO*"])
