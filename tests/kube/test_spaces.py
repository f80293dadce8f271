"""The namespace of a run comes and goes with it."""

import pytest

from clusters import apply
from clusters.kube import spaces
from clusters.ownership import RUN_LABEL

SPACE = "/api/v1/namespaces/run-2"
GOING = {"kind": "Status", "code": 409, "message": "run-2 is being terminated"}


@pytest.fixture
def there(lab):
    def there():
        found = lab.served.objects()
        return {one["metadata"]["name"]: one for one in found if one["kind"] == "Namespace"}

    return there


def test_a_namespace_is_there_for_the_block_and_gone_after_it(kube, there):
    with spaces.made(kube, "run-2"):
        assert there()["run-2"]["metadata"]["labels"] == {RUN_LABEL: "r1"}

    assert "run-2" not in there()


def test_it_goes_after_a_failure_too(kube, there):
    with pytest.raises(RuntimeError, match="the run failed"), spaces.made(kube, "run-2"):
        raise RuntimeError("the run failed")

    assert "run-2" not in there()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param((200, {"kind": "Status"}), "run-2 .* is still there after", id="held"),
        pytest.param((409, GOING), "run-2 is being terminated", id="on its way"),
    ],
)
def test_one_that_does_not_go_is_told_with_what_holds_it(kube, lab, monkeypatch, answer, words):
    monkeypatch.setattr(spaces, "GONE_SECONDS", 0.5)

    with pytest.raises(apply.NotRemoved, match=words), spaces.made(kube, "run-2"):
        lab.front.answers[f"DELETE {SPACE}"] = answer
    asked = [line for line in lab.front.paths if line.startswith("DELETE")]
    assert len(asked) > 1, "it was asked again, as it may take a while"


def test_one_that_nobody_may_make_is_refused_at_once(kube, lab, there):
    lab.front.answers[f"PATCH {SPACE}"] = (403, {"kind": "Status", "message": "not for you"})

    with pytest.raises(apply.Refused, match="not for you"), spaces.made(kube, "run-2"):
        pytest.fail("there is no namespace")
    assert "run-2" not in there()


def test_with_the_api_away_it_is_told_at_once(kube, lab):
    with pytest.raises(apply.Unreachable, match="run-2"), spaces.made(kube, "run-2"):
        lab.front.stop()
