"""Several releases and several Envoys in one run, as a user meets them."""

import json
import re

import pytest

from clusters import matrix
from clusters.local import place

ARGS = ("-p", "reports.plugin", "-p", "bookinfo.plugin", "-p", "clusters.plugin")
FAKE = """#!/bin/sh
echo "envoy  version: 0123/{version}/Clean/RELEASE/BoringSSL"
"""


def chosen(istio, proxy=None):
    return matrix.places(
        istio, proxy, control_plane=place.EMBEDDED, wanted=place.Wanted(), tell=print
    )


@pytest.fixture
def envoy(tmp_path):
    def made(version, name=None):
        path = tmp_path / (name or f"envoy-{version}")
        path.write_text(FAKE.format(version=version))
        path.chmod(0o755)
        return path

    return made


IDS = {
    "1.9": ["1.9"],
    "1.9,1.31": ["1.9", "1.31"],
    "1.31, 1.9": ["1.31", "1.9"],
    "1.9.0,1.9.9": ["1.9.0", "1.9.9"],
    "1.9,latest": ["1.9", "1.31"],
    "1.9,1.9": ["1.9"],
    "latest,1.31": ["1.31"],
}


@pytest.mark.parametrize("asked", IDS)
def test_each_release_is_a_place_in_the_order_asked_for(asked):
    assert [each.asked for each in chosen(asked)] == IDS[asked]


def test_a_place_is_named_by_what_tells_it_from_the_others(envoy):
    one, other = envoy("1.30.0"), envoy("1.31.2")

    assert matrix.ids(chosen("1.9")) == [""]
    assert matrix.ids(chosen("1.9,1.31", str(one))) == ["1.9", "1.31"]
    assert matrix.ids(chosen("1.9", f"{one},{other}")) == ["envoy1.30.0", "envoy1.31.2"]
    assert matrix.ids(chosen("1.9,1.31", f"{one},{other}")) == [
        "1.9-envoy1.30.0",
        "1.9-envoy1.31.2",
        "1.31-envoy1.30.0",
        "1.31-envoy1.31.2",
    ]


def test_figures_of_several_places_are_kept_apart(envoy):
    both = f"{envoy('1.30.0')},{envoy('1.31.2')}"

    def found(*asked):
        places = chosen(*asked)
        return [matrix.measured_as(each, places) for each in places]

    assert found("1.9.0") == ["1.9"]
    assert found("1.9.0,1.9.9") == ["1.9.0", "1.9.9"]
    assert found("1.9", both) == ["1.9, envoy 1.30.0", "1.9, envoy 1.31.2"]


def test_a_path_may_hold_a_comma(envoy):
    path = envoy("1.30.0", "my,envoy")

    assert [each.proxy.path for each in chosen("1.9", str(path))] == [path]


def test_two_envoys_of_one_version_are_refused(envoy):
    one, other = envoy("1.30.0", "one"), envoy("1.30.0", "other")

    with pytest.raises(matrix.Indistinct, match=r"one and .*other are both Envoy 1\.30\.0"):
        chosen("1.9", f"{one},{other}")


def test_the_version_of_the_installed_wheel_is_not_got_anew():
    [default], [named] = chosen("1.9"), chosen("1.9", "1.40.0")

    assert named.proxy == default.proxy


SUITE = """
import pytest

@pytest.fixture(scope="session")
def alive(cluster_place):
    with open("lives", "a") as lives:
        lives.write(f"+{cluster_place.asked}\\n")
    yield cluster_place.asked
    with open("lives", "a") as lives:
        lives.write(f"-{cluster_place.asked}\\n")

@pytest.fixture(scope="session", params=["x", "y"])
def other(request):
    return request.param

@pytest.mark.parametrize("n", range(3))
@pytest.mark.requirement("ANY-1")
def test_many(alive, other, n):
    assert not (alive == "1.18" and other == "y" and n == 1)

class TestMore:
    @pytest.mark.requirement("ANY-1")
    def test_more(self, alive):
        pass

@pytest.mark.requirement("ANY-2")
def test_later(alive):
    pass

@pytest.mark.requirement("ANY-1")
def test_without_a_gateway():
    pass
"""
CATALOGUE = """
[ANY-1]
sentence = "It works."
level = "core"
contract = "any"
source = "here"

[ANY-2]
sentence = "It works later, too."
level = "core"
contract = "any"
source = "here"
since = "1.12"
"""
RELEASES = ["1.9", "1.18", "1.31"]


@pytest.fixture
def run(pytester):
    pytester.makepyfile(SUITE)
    pytester.mkdir("suites").joinpath("requirements.toml").write_text(CATALOGUE)
    return lambda *options: pytester.runpytest(*ARGS, *options)


def lives(pytester):
    return (pytester.path / "lives").read_text().split()


ONE_AFTER_THE_OTHER = [sign + release for release in RELEASES for sign in "+-"]


@pytest.mark.parametrize("order", ["no:randomly", "randomly"])
def test_one_place_lives_at_a_time_whatever_the_order(run, pytester, order):
    result = run("--istio=1.9,1.18,1.31", "-p", order)

    result.assert_outcomes(passed=3 * 8 - 1, failed=1, skipped=1)
    assert lives(pytester) == ONE_AFTER_THE_OTHER


def test_workers_have_one_place_at_a_time_each(run, pytester):
    result = run("--istio=1.9,1.18,1.31", "-n", "2")

    result.assert_outcomes(passed=3 * 8 - 1, failed=1, skipped=1)
    assert 6 <= len(lives(pytester)) <= 12


def test_ids_and_reports_carry_the_release(run, pytester):
    run("--istio=1.9,1.18", "--report-dir=out")

    checks = json.loads((pytester.path / "out/report.json").read_text())["checks"]
    found = {each["nodeid"].partition("::")[2]: (each["release"], each["proxy"]) for each in checks}
    assert found["TestMore::test_more[1.9]"] == ("1.9", "1.40.0")
    assert found["TestMore::test_more[1.18]"] == ("1.18", "1.40.0")
    assert found["test_without_a_gateway"] == ("", "")
    junit = (pytester.path / "out/junit.xml").read_text()
    assert len(re.findall('name="release" value="1.18"', junit)) == 8
    assert len(re.findall('name="proxy" value="1.40.0"', junit)) == 16


def test_with_one_release_ids_stay_as_they_are(run, pytester):
    run("--istio=1.18", "--report-dir=out")

    checks = json.loads((pytester.path / "out/report.json").read_text())["checks"]
    ids = {each["nodeid"].partition("::")[2] for each in checks}
    assert {"TestMore::test_more", "test_many[x-0]"} <= ids
    assert {(each["release"], each["proxy"]) for each in checks} == {("1.18", "1.40.0")}


def test_what_failed_last_is_run_again_in_its_release_alone(run, pytester):
    run("--istio=1.9,1.18,1.31")
    (pytester.path / "lives").unlink()

    result = run("--istio=1.9,1.18,1.31", "--lf")

    result.assert_outcomes(failed=1)
    assert lives(pytester) == ["+1.18", "-1.18"]


def test_the_first_failure_ends_the_run_where_it_is_asked_to(run, pytester):
    result = run("--istio=1.9,1.18,1.31", "-x")

    assert result.parseoutcomes()["failed"] == 1
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert lives(pytester) == ["+1.9", "-1.9", "+1.18", "-1.18"]


def test_a_requirement_of_later_releases_is_not_checked_before(run):
    result = run("--istio=1.9,1.18", "-rs")

    result.stdout.fnmatch_lines(["SKIPPED*not in Istio 1.9: ANY-2 holds since Istio 1.12*"])
    result.stdout.no_fnmatch_line("*not in Istio 1.18*")


def test_the_header_lists_the_combinations(run, envoy):
    one, other = envoy("1.30.0"), envoy("1.31.2")

    result = run("--istio=1.9,1.31", f"--proxy={one},{other}", "--co", "-q", "-v")

    result.stdout.fnmatch_lines(
        [
            f"gateway: istio 1.9, 1.31 (embedded semantics) on envoy 1.30.0 ({one}), "
            f"1.31.2 ({other}): 4 combinations, one after the other"
        ]
    )


def test_a_gateway_asked_for_while_the_test_runs_is_told_how(run, pytester):
    pytester.makepyfile(
        "import pytest\n@pytest.mark.requirement('ANY-1')\n"
        "def test_it(request): request.getfixturevalue('cluster_place')"
    )

    result = run("--istio=1.9,1.18")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["a check asks for the gateway while it runs*2 places*", "Hint: name the fixture*"]
    )


MANIFEST = """
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: mine, namespace: istio-system}
spec: {url: "http://127.0.0.1/mine.wasm", selector: {}}
"""
JUDGING = """
def test_documents(given_manifest, cluster_place):
    assert bool(given_manifest.warnings) == (cluster_place.asked == "1.18")
"""


def test_a_manifest_is_read_for_each_release(run, pytester):
    pytester.makefile(".yaml", mine=MANIFEST)
    pytester.makepyfile(JUDGING)

    judged = run("--manifest=mine.yaml", "--istio=1.17,1.18")
    refused = run("--manifest=mine.yaml", "--istio=1.31,1.9")

    judged.assert_outcomes(passed=2)
    judged.stdout.fnmatch_lines(["manifest: WasmPlugin istio-system/mine", "  Istio 1.18 warns: *"])
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*as Istio 1.9.9: --manifest: mine.yaml:*WasmPlugin*"])


GATEWAYS = """
import os
seen = []

def test_it_serves(cluster, gateway):
    assert gateway.send("GET", "/productpage").status == 200
    for pid in seen:
        assert not os.path.exists(f"/proc/{pid}"), "two at a time"
    seen.append(cluster.process.removeprefix("pid "))
    with open("served", "a") as served:
        served.write(f"{cluster.release.version}\\n")
"""


def test_real_gateways_serve_one_after_the_other(run, pytester):
    pytester.makepyfile(GATEWAYS)

    run("--istio=1.9,1.31").assert_outcomes(passed=2)

    assert (pytester.path / "served").read_text().split() == ["1.9.9", "1.31.0"]
