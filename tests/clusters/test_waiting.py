import itertools
import threading

import pytest

from clusters import waiting


def test_the_first_good_observation_is_returned():
    counter = itertools.count()

    assert waiting.until(counter.__next__, lambda n: n == 3, what="three", within=5) == 3


def test_a_timeout_carries_what_was_seen_last_and_the_hint():
    with pytest.raises(waiting.TimedOut) as why:
        waiting.until(
            lambda: "port closed",
            lambda seen: seen == "open",
            what="the port",
            within=0.02,
            hint="ss -tlnp",
        )

    assert "the port did not come true within 0.02 s" in str(why.value)
    assert "last seen: port closed" in str(why.value)
    assert "Hint: ss -tlnp" in str(why.value)


def test_an_error_of_the_observed_thing_ends_the_wait_at_once():
    looks = []

    def observe():
        looks.append(1)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        waiting.until(observe, bool, what="anything", within=5)

    assert len(looks) == 1


def test_a_signal_from_another_thread_ends_the_wait():
    condition, seen = threading.Condition(), []

    def tell():
        with condition:
            seen.append(1)
            condition.notify_all()

    threading.Timer(0.01, tell).start()
    waiting.until_signalled(
        condition, lambda: bool(seen), what="a word", within=5, last=lambda: seen
    )

    assert seen


def test_a_signal_that_never_comes_is_reported_with_the_last_state():
    with pytest.raises(waiting.TimedOut, match="last seen: nothing yet"):
        waiting.until_signalled(
            threading.Condition(), lambda: False, what="a", within=0.01, last=lambda: "nothing yet"
        )
