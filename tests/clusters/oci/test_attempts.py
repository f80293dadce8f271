"""What is asked for again, how often and for how long."""

import time

import pytest

from clusters import waiting
from tests.clusters.oci.pulling import IMAGE, MODULE, NEW, pull, refused


def test_the_time_limit_ends_a_slow_answer(registry):
    url = registry.serve(IMAGE)
    registry.delay(url, 30)
    began = time.monotonic()

    assert refused(url, timeout=0.3).endswith('/manifests/1": context deadline exceeded')
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_that_passes_is_asked_for_again_since_1_18(registry, status, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(waiting, "pause", pauses.append)
    url = registry.serve(IMAGE)

    registry.fail(url, status, times=1)
    assert "UNKNOWN: unknown error" in refused(url, "1.17.0")
    registry.fail(url, status, times=2)
    assert pull(url, "1.18.0")[1] == MODULE
    registry.fail(url, status, times=2)
    assert pull(url, NEW)[1] == MODULE
    assert pauses == [0.1, 0.3, 1.0, 3.0]


def test_three_server_errors_end_it(registry, monkeypatch):
    monkeypatch.setattr(waiting, "pause", lambda seconds: None)
    url = registry.serve(IMAGE)
    registry.fail(url, 500)

    assert "UNKNOWN: unknown error" in refused(url)
    assert refused(url, "1.30.0").endswith("unexpected status code 500 Internal Server Error")
    assert registry.requests(url) == 6


def test_the_time_limit_bounds_all_attempts_together(registry):
    url = registry.serve(IMAGE)
    registry.fail(url, 503)
    began = time.monotonic()

    assert "context deadline exceeded" in refused(url, timeout=0.3)
    assert time.monotonic() - began < 2


def test_a_limit_of_pulls_is_asked_about_again_since_1_31(registry, monkeypatch):
    monkeypatch.setattr(waiting, "pause", lambda seconds: None)
    url = registry.serve(IMAGE)
    for version, asked in (("1.30.0", 1), (NEW, 4)):
        registry.fail(url, 429)
        refused(url, version)
        assert registry.requests(url) == asked


@pytest.mark.parametrize("status", [403, 404, 501])
def test_other_answers_are_final(registry, status):
    url = registry.serve(IMAGE)
    registry.fail(url, status)

    assert "unknown error" in refused(url)
    assert registry.requests(url) == 1
