"""Differences between releases are data; the code asks for each by name."""

import ast
from pathlib import Path

import pytest

from clusters.pilot import behaviours, fields
from clusters.pilot.behaviours import Behaviour, Behaviours, UnknownBehaviour, known
from clusters.release import KNOWN, find

CLUSTERS = Path(behaviours.__file__).parents[1]


def asked_for_in_code() -> set[str]:
    """Every literal on the left of `in behaviours` in the places and their control planes."""
    found = set()
    for path in CLUSTERS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Compare) or not isinstance(node.left, ast.Constant):
                continue
            asked = ast.unparse(node.comparators[0]).rpartition(".")[2]
            if asked.lstrip("_") == "behaviours":
                found.add(str(node.left.value))
    return found


def named_by_fields() -> set[str]:
    """Every behaviour that dates a field, or the reading of one."""
    rows = [one for table in fields.known().values() for one in table]
    dates = {date for one in rows for date in (one.since, one.read) if date}
    return {one for one in dates if not one[0].isdigit()}


def test_every_behaviour_is_asked_for_by_code() -> None:
    assert set(known()) - asked_for_in_code() - named_by_fields() == set()


def test_every_behaviour_the_code_asks_for_is_described() -> None:
    assert (asked_for_in_code() | named_by_fields()) - set(known()) == set()


def test_the_search_for_questions_finds_some() -> None:
    assert len(asked_for_in_code()) > 30


def test_every_behaviour_says_what_and_how_it_is_known() -> None:
    for one in known().values():
        assert one.sentence.endswith("."), one.name
        assert one.source, one.name
        assert one.since or one.until, one.name
        assert one.part in ("istiod", "pilot-agent"), one.name


def test_every_behaviour_differs_between_two_known_releases_or_patches() -> None:
    versions = {f"{one.name}.{patch}" for one in KNOWN for patch in range(11)}
    for name, one in known().items():
        held = {name in Behaviours(version) for version in versions}
        assert held == {True, False}, one.name


def test_asking_for_an_unknown_behaviour_raises_with_the_nearest() -> None:
    with pytest.raises(UnknownBehaviour, match="did you mean 'fault-before-cors'"):
        _ = "fault-before-corse" in Behaviours.of(find("1.9"))


@pytest.mark.parametrize(
    ("version", "held"),
    [
        ("1.9.0", False),
        ("1.13.9", False),
        ("1.14.5", False),
        ("1.14.6", True),
        ("1.15.0", False),
        ("1.15.3", False),
        ("1.15.4", True),
        ("1.16.0", True),
        ("1.31.0", True),
    ],
)
def test_since_is_the_first_patch_of_each_line(version: str, held: bool) -> None:
    one = behaviour(since=((1, 14, 6), (1, 15, 4), (1, 16, 0)))
    assert one.holds_in(numbers(version)) is held


@pytest.mark.parametrize(
    ("version", "held"),
    [("1.12.9", False), ("1.13.0", True), ("1.13.2", True), ("1.13.3", False), ("1.14.0", False)],
)
def test_until_is_the_first_patch_without_it(version: str, held: bool) -> None:
    one = behaviour(since=((1, 13, 0),), until=((1, 13, 3),))
    assert one.holds_in(numbers(version)) is held


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("envoyfilter-priority", "1.11"),
        ("inserts-run-before-merge", "1.14"),
        ("fault-before-cors", "1.13"),
        ("upstream-tls-versions", "1.14"),
        ("ports-ignored-in-host-matching", "1.15"),
        ("dns-every-minute", "1.16"),
        ("grpc-stats-always", "1.18"),
        ("wasm-empty-selector-warning", "1.18"),
        ("remove-runs-in-patch-order", "1.19"),
        ("alpn-override", "1.19"),
        ("priority-across-namespaces", "1.22"),
        ("delimited-stat-names", "1.23"),
        ("tls-inspector-reads-512-bytes", "1.23"),
        ("unmatched-preflights-forwarded", "1.23"),
        ("destination-rules-join-by-export", "1.24"),
        ("agent-closed-failure-denies-all", "1.25"),
        ("dns-jitter-and-cares", "1.25"),
        ("target-ref-gateway-class", "1.25"),
        ("added-cluster-may-repeat-a-service", "1.26"),
        ("retry-backoff-and-previous-hosts", "1.26"),
        ("envoyfilter-target-refs", "1.27"),
        ("mirrors-keep-the-host", "1.28"),
        ("streams-limited-when-upgraded", "1.28"),
        ("agent-is-patient-with-registries", "1.30"),
        ("virtual-services-put-together-first", "1.30"),
        ("agent-retries-limited-pulls", "1.31"),
        ("merge-and-replace-list", "1.31"),
        ("panic-threshold-off", "1.31"),
        ("warmup-may-lag", "1.31"),
    ],
)
def test_a_behaviour_begins_with_its_release(name: str, first: str) -> None:
    held = [release.name for release in KNOWN if name in Behaviours.of(release)]
    assert held[0] == first
    assert held[-1] == "1.31"


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("agent-fetch-constant-backoff", "1.9"),
        ("agent-empty-checksum-never-hits", "1.14"),
        ("deprecated-filter-names-match", "1.18"),
        ("remove-without-subfilter-removes-all", "1.18"),
        ("hashed-retries-move-on", "1.22"),
        ("retries-include-503", "1.23"),
        ("any-merge-takes-targets-type", "1.26"),
        ("circuit-breakers-track-remaining", "1.28"),
    ],
)
def test_a_behaviour_ends_with_its_release(name: str, last: str) -> None:
    held = [release.name for release in KNOWN if name in Behaviours.of(release)]
    assert held[0] == "1.9"
    assert held[-1] == last


def test_a_field_that_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"fields that mean nothing: \['sence'\]"):
        behaviours._behaviour("x", {"sentence": "s", "source": "s", "sence": ["1.9.0"]})


def behaviour(
    since: tuple[behaviours.Version, ...] = (), until: tuple[behaviours.Version, ...] = ()
) -> Behaviour:
    return Behaviour("x", "X.", "source: x", "istiod", since, until)


def numbers(version: str) -> behaviours.Version:
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch
