"""When a change has gone all the way to a proxy, as istiod's page and the proxy's log tell it."""

from __future__ import annotations

import pytest

from clusters.kube import channels
from clusters.kube.channels import CDS, ECDS, EDS, LDS, RDS, Channel, Untold
from clusters.kube.progress import QUIET_SECONDS, Progress

LINE = (
    "2026-11-25T04:32:53Z\twarning\tenvoy config source/x.cc:1\t{way} config for "
    "type.googleapis.com/envoy.{kind} rejected: {words}\tthread=13"
)
EXTENSION = "config.core.v3.TypedExtensionConfig"


def nonce(push, part="a"):
    return f"2026-11-25T03:53:40Z/{push}" + part * 36


def sent(push, acked=None, error="", part="a"):
    """A message of a push, accepted unless another one was the last that was."""
    return Channel(nonce(push, part), acked or nonce(push, part), error)


def rejected(words, *, kind=EXTENSION, way="delta"):
    return LINE.format(way=way, kind=kind, words=words)


BEFORE = {kind: sent(7) for kind in (CDS, EDS, LDS, RDS, ECDS)}
AFTER = {kind: sent(8) for kind in (CDS, EDS, LDS, RDS, ECDS)}


@pytest.fixture
def progress():
    progress = Progress()
    progress.begin(BEFORE)
    return progress


def test_without_the_marker_nothing_is_known(progress):
    progress.observe(BEFORE, marked=False, now=1.0)

    assert progress.missing() == "the proxy does not show the marker of this change"


def test_every_type_that_is_due_must_come_from_the_markers_push(progress):
    progress.observe(BEFORE | {CDS: sent(8), LDS: sent(8)}, marked=True, now=1.0)

    assert progress.missing() == (
        "istiod has not sent RDS of push 8 (last 7); istiod has not sent ECDS of push 8 (last 7)"
    )
    progress.observe(AFTER, marked=True, now=1.1)
    assert progress.missing() == ""


def test_what_the_proxy_never_asked_for_is_not_due():
    progress = Progress()
    progress.begin({CDS: sent(7), LDS: sent(7)})
    progress.observe({CDS: sent(8), LDS: sent(8)}, marked=True, now=1.0)

    assert progress.missing() == ""


def test_a_message_without_an_answer_is_waited_for(progress):
    progress.observe(AFTER | {LDS: sent(8, nonce(7))}, marked=True, now=1.0)

    assert progress.missing() == "the agent or the proxy has not answered LDS of push 8"


def test_a_refusal_is_an_answer_once_the_log_tells_of_it(progress):
    open_one = AFTER | {ECDS: sent(8, nonce(7), "no such module")}
    progress.observe(open_one, marked=True, now=1.0)
    assert "not answered ECDS" in progress.missing()

    progress.hear([rejected("no such module"), rejected("no such module", way="gRPC")])
    assert progress.missing() == ""
    assert progress.refused == {ECDS}
    progress.settle()
    assert progress.refusals == {ECDS: "no such module"}


def test_where_the_log_does_not_tell_a_refusal_is_believed_after_a_while(progress):
    open_one = AFTER | {LDS: sent(8, nonce(7), "router last")}
    progress.observe(open_one, marked=True, now=1.0)
    progress.observe(open_one, marked=True, now=1.0 + QUIET_SECONDS / 2)
    assert progress.missing()

    progress.observe(open_one, marked=True, now=1.0 + QUIET_SECONDS)
    assert progress.missing() == ""
    assert not progress.heard
    progress.settle()
    assert progress.refusals == {LDS: "router last"}


def test_an_error_from_before_says_nothing_about_the_message_after_it(progress):
    old = BEFORE | {ECDS: sent(7, nonce(6), "refused before")}
    progress.begin(old)
    progress.observe(old, marked=False, now=0.9)
    assert progress.refused == set()
    progress.observe(AFTER | {ECDS: sent(8, nonce(6), "refused before")}, marked=True, now=1.0)

    assert "not answered ECDS" in progress.missing()
    assert progress.refused == set()
    progress.observe(AFTER, marked=True, now=1.1)
    progress.settle()
    assert (progress.missing(), progress.refusals) == ("", {})


def test_two_messages_need_two_refusals(progress):
    progress.observe(BEFORE | {LDS: sent(8, nonce(7), "bad")}, marked=False, now=1.0)
    progress.hear([rejected("bad", kind="config.listener.v3.Listener")])
    progress.hear([rejected("bad", kind="config.listener.v3.Listener", way="gRPC")] * 2)
    later = {kind: sent(9) for kind in BEFORE} | {LDS: sent(9, nonce(7), "bad")}
    progress.observe(later, marked=True, now=1.1)
    assert "not answered LDS of push 9" in progress.missing()

    progress.hear([rejected("bad", kind="config.listener.v3.Listener")])
    assert progress.missing() == ""


def test_refused_extensions_that_are_accepted_when_they_come_again_stay_refused(progress):
    progress.observe(BEFORE | {ECDS: sent(8, nonce(7), "bad")}, marked=False, now=1.0)
    progress.hear([rejected("bad")])
    progress.observe({kind: sent(9) for kind in BEFORE}, marked=True, now=1.1)
    progress.settle()

    assert (progress.missing(), progress.refusals) == ("", {ECDS: "bad"})


def test_a_refusal_ends_with_the_next_message_that_is_accepted(progress):
    progress.refusals = {LDS: "bad", ECDS: "worse"}
    progress.observe(AFTER | {ECDS: BEFORE[ECDS]}, marked=False, now=1.0)
    progress.settle()

    assert progress.refusals == {ECDS: "worse"}


def test_a_message_that_another_overtook_is_waited_for(progress):
    """The agent fetches for the first while an empty one comes and goes."""
    progress.expect(5.0)
    progress.observe(AFTER | {ECDS: sent(8, nonce(7))}, marked=True, now=1.0, moved=False)
    overtaken = AFTER | {ECDS: sent(8, part="b")}
    progress.observe(overtaken, marked=True, now=1.1, moved=False)
    assert "not answered ECDS" in progress.missing()

    progress.observe(overtaken | {ECDS: Channel(nonce(8, "b"), nonce(8))}, marked=True, now=1.2)
    assert progress.missing() == ""


@pytest.mark.parametrize(("now", "moved"), [(1.2, True), (6.2, False)], ids=["shown", "in time"])
def test_what_was_accepted_between_two_looks_is_seen_otherwise(progress, now, moved):
    progress.expect(5.0)
    progress.observe(AFTER | {ECDS: sent(8, nonce(7))}, marked=True, now=1.0, moved=False)
    overtaken = AFTER | {ECDS: sent(8, part="b")}
    progress.observe(overtaken, marked=True, now=1.1, moved=False)
    progress.observe(overtaken, marked=True, now=now, moved=moved)

    assert progress.missing() == ""
    progress.settle()
    assert progress.refusals == {}


def page(**fields):
    return [{"proxy": "gateway-1.istio-system", "istio_version": "1.31.0"} | fields]


def test_the_page_gives_each_types_channel_by_its_short_name():
    told = {
        "type.googleapis.com/envoy.config.listener.v3.Listener": {"sent": nonce(12), "acked": "x"},
        "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig": {"lastError": "no"},
    }
    found = channels.of(page(resources=told), "gateway-1.istio-system")

    assert found == {LDS: Channel(nonce(12), "x"), ECDS: Channel(error="no")}
    assert [found[kind].number for kind in (LDS, ECDS)] == [12, 0]


def test_another_proxy_is_none_and_one_without_messages_has_no_channels():
    assert channels.of(page(resources={}), "gateway-2.istio-system") is None
    assert channels.of(page(), "gateway-1.istio-system") == {}


def test_an_istiod_that_tells_no_errors_is_refused_by_name():
    with pytest.raises(Untold, match=r"istiod 1\.31\.0 does not tell"):
        channels.of(page(listener_sent="x"), "gateway-1.istio-system")
