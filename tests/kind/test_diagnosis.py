"""What a cluster tells about pods that do not get ready, from objects as the API serves them."""

from datetime import UTC, datetime, timedelta

import pytest

from clusters.kind import diagnosis

MADE = datetime(2026, 11, 25, 4, 24, 0, tzinfo=UTC)
NO_IMAGE = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "x:1"'}
CRASHES = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}


def pod(name, *, ready=False, waiting=None, phase="Running", last=None, message=""):
    state = {"waiting": waiting} if waiting else {"running": {"startedAt": "2026-11-25T04:24:05Z"}}
    status = {"name": "main", "state": state, "lastState": last or {}}
    return {
        "metadata": {
            "namespace": "default",
            "name": name,
            "creationTimestamp": MADE.isoformat().replace("+00:00", "Z"),
        },
        "status": {
            "phase": phase,
            "conditions": [
                {"type": "Ready", "status": str(ready), **({"message": message} if message else {})}
            ],
            "containerStatuses": [] if phase == "Pending" and not waiting else [status],
        },
    }


def event(name, reason, message, *, at, kind="Warning"):
    return {
        "type": kind,
        "reason": reason,
        "message": message,
        "lastTimestamp": f"2026-11-25T04:24:{at:02}Z",
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": name},
    }


def test_states_warnings_and_last_words_are_told_together():
    pods = [pod("good", ready=True), pod("bad", waiting=CRASHES)]
    events = [
        event("bad", "BackOff", "restarting  failed\ncontainer", at=9),
        event("bad", "Started", "started", at=10, kind="Normal"),
        event("good", "Unhealthy", "not yet", at=11),
    ]

    told = diagnosis.told(pods, events, {"default/bad main": "no module named app\n"})

    assert told.splitlines() == [
        "pods that are not ready:",
        "  default/bad main: CrashLoopBackOff: back-off 10s restarting failed container",
        "last warnings:",
        "  Pod default/bad: BackOff: restarting failed container",
        "last lines of default/bad main:",
        "  no module named app",
    ]


def test_a_pod_that_no_node_takes_is_told_with_the_schedulers_words():
    told = diagnosis.told([pod("big", phase="Pending", message="1 Insufficient memory")], [], {})

    assert told.splitlines()[1] == "  default/big: Pending: 1 Insufficient memory"


def test_where_every_pod_is_ready_the_last_warnings_of_all_are_told_once_each():
    events = [event("good", "Unhealthy", f"look {n}", at=n) for n in range(5)]

    told = diagnosis.told([pod("good", ready=True)], events, {})

    assert told.splitlines() == ["last warnings:", "  Pod default/good: Unhealthy: look 4"]


def test_of_many_warnings_the_last_are_told():
    events = [event(f"pod-{n}", "Failed", "no", at=n) for n in range(20)]

    told = diagnosis.told([], events, {}).splitlines()

    assert (len(told), told[-1]) == (1 + diagnosis.EVENTS, "  Pod default/pod-19: Failed: no")


@pytest.mark.parametrize(
    ("waiting", "seconds", "reason"),
    [
        (NO_IMAGE, 25, "default/x main is in ImagePullBackOff"),
        (CRASHES, 25, "default/x main is in CrashLoopBackOff"),
        (NO_IMAGE, 5, ""),
        ({"reason": "ContainerCreating"}, 100, ""),
        (None, 100, ""),
    ],
    ids=["no image", "crashes", "no image yet", "being made", "runs"],
)
def test_a_pod_is_given_up_only_when_it_had_time_and_does_not_get_on(waiting, seconds, reason):
    now = MADE + timedelta(seconds=seconds)

    assert diagnosis.stuck([pod("x", waiting=waiting)], now) == reason


def test_logs_are_read_of_what_runs_without_being_ready_and_of_what_ended():
    ended = {"terminated": {"exitCode": 1}}
    pods = [
        pod("ready", ready=True),
        pod("slow"),
        pod("crashes", waiting=CRASHES, last=ended),
        pod("never-began", waiting=NO_IMAGE),
    ]

    assert [(log.pod, log.previous) for log in diagnosis.logs(pods)] == [
        ("slow", False),
        ("crashes", True),
    ]


def test_a_pod_that_did_its_work_is_no_concern():
    assert diagnosis.ready(pod("job", phase="Succeeded"))
