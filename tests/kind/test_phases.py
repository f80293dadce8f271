"""Steps that fail tell what the cluster says: pods, events and last words, by way of its API."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clusters.kind import causes
from clusters.kind.calls import Caller
from clusters.kind.errors import PhaseFailed
from clusters.kind.inside import Inside
from clusters.kind.phases import Phases
from tests.kind import programs
from tests.kube.front import Front

NO_IMAGE = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "x:1"'}
CRASHES = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
ENDED = {"terminated": {"exitCode": 3, "reason": "Error"}}


@pytest.fixture
def front(served):
    """The API of a cluster, with the logs of its pods."""
    front = Front(served.url)
    yield front
    front.stop()


@pytest.fixture
def inside(served, front, tmp_path):
    path = front.kubeconfig(served, tmp_path / "kubeconfig")
    inside = Inside(path, "istio-wasm-conformance")
    yield inside
    inside.close()


def pod(name, waiting, *, seconds=60.0, last=None):
    """Return a pod that has waited for so long."""
    made = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="seconds")
    status = {"name": "main", "state": {"waiting": waiting}, "lastState": last or {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": "default",
            "name": name,
            "creationTimestamp": made.replace("+00:00", "Z"),
        },
        "spec": {},
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "Ready", "status": "False"}],
            "containerStatuses": [status],
        },
    }


def warning(name, reason, message):
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "default", "name": f"{name}.1"},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": "2026-11-25T04:24:00Z",
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": name},
    }


def failed(inside, work):
    """Return what is told, by line, and the text of the step's failure."""
    said: list[str] = []
    phases = Phases("iwc-any", said.append)
    with (
        pytest.raises(PhaseFailed) as failure,
        phases.step("bookinfo", diagnosis=inside.diagnosis),
    ):
        work()
    return "".join(said), str(failure.value).splitlines()


def test_pods_without_an_image_are_given_up_with_events_and_the_likely_cause(served, inside):
    served.put(pod("productpage", NO_IMAGE))
    served.put(warning("productpage", "Failed", 'failed to pull "x:1": no such host'))

    told, lines = failed(inside, lambda: inside.wait_until_available(["any"], within=30))

    assert told.startswith("  kind: bookinfo … failed after ")
    first, *rest = lines
    assert first.startswith("no gateway on kind: the step 'bookinfo' of cluster iwc-any failed")
    assert rest == [
        "pods do not get ready: default/productpage main is in ImagePullBackOff",
        "pods that are not ready:",
        '  default/productpage main: ImagePullBackOff: Back-off pulling image "x:1"',
        "last warnings:",
        '  Pod default/productpage: Failed: failed to pull "x:1": no such host',
        *causes.explain("ImagePullBackOff", otherwise="").splitlines(),
    ]


def test_pods_whose_program_ends_at_once_are_given_up_with_its_last_words(served, front, inside):
    served.put(pod("productpage", CRASHES, last=ENDED))
    front.says("productpage", "".join(f"line {n}\n" for n in range(20)) + "no module named app\n")

    _, lines = failed(inside, lambda: inside.wait_until_available(["any"], within=30))

    assert lines[1] == "pods do not get ready: default/productpage main is in CrashLoopBackOff"
    at = lines.index("last lines of default/productpage main:")
    assert lines[at + 1 : at + 9][-2:] == ["  line 19", "  no module named app"]
    assert lines[at + 9 :] == causes.explain("CrashLoopBackOff", otherwise="").splitlines()
    asked = next(path for path in front.paths if "/log?" in path)
    assert "previous=true" in asked


def test_a_pod_that_is_young_is_waited_for(served, inside):
    served.put(pod("productpage", NO_IMAGE, seconds=2))

    _, lines = failed(inside, lambda: inside.wait_until_available(["any"], within=0.5))

    assert lines[1].startswith("every pod of Bookinfo being ready")
    assert "  default/productpage main: ImagePullBackOff: Back-off pulling image" in str(lines)


def test_a_program_that_waits_for_such_pods_is_broken_off(served, inside, tmp_path):
    served.put(pod("istiod", NO_IMAGE))
    path = programs.script(tmp_path / "tool", "echo waiting for istiod", "exec sleep 60")

    def install():
        Caller(tmp_path).run("istioctl install", [path], within=50, hopeless=inside.stuck)

    _, lines = failed(inside, install)

    words = "istioctl install was broken off: default/istiod main is in ImagePullBackOff"
    assert lines[1:3] == [words, "last seen:"]
    assert '  default/istiod main: ImagePullBackOff: Back-off pulling image "x:1"' in lines


def test_an_api_that_went_away_costs_the_diagnosis_and_not_the_message(front, inside):
    front.stop()

    _, lines = failed(inside, lambda: inside.wait_until_available(["any"], within=30))

    assert "did not answer when asking for /api/v1/pods" in lines[1]
    assert any(line.startswith("nothing more could be asked: ") for line in lines)
    assert len([line for line in lines if line.startswith("Hint: ")]) == 1


def test_a_full_disk_in_a_step_is_told_as_one(inside):
    _, lines = failed(inside, lambda: Path("/dev/full").write_text("x"))

    assert lines[1] == "[Errno 28] No space left on device"
    assert "likely cause: the disk is full" in lines
