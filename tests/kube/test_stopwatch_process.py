"""Which process of this machine is the Envoy of a pod."""

import secrets
import shutil
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest

from clusters import processes
from clusters.kube.stopwatch import process
from clusters.stopwatch import clock

POD = "8d1f6c2e-4b5a-4c0e-9d37-0a1b2c3d4e5f"
OTHER = "8d1f6c2e-4b5a-4c0e-9d37-0a1b2c3d4e50"
NODE = "5a0ec1a7f9b1c4f3bb3d5b1e0ad0f4a2a1bb8c0b3ad8f8a3a3f5d1f3c2b1a0f9"
SYSTEMD = (
    f"0::/system.slice/docker-{NODE}.scope/kubelet.slice/kubelet-kubepods.slice"
    f"/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{POD.replace('-', '_')}.slice"
    f"/cri-containerd-{NODE}.scope\n"
)
#: As seen with kind 0.33 in Docker with groups of version 1.
KUBELET = (
    f"9:name=systemd:/docker/{NODE}/kubelet/kubepods/burstable/pod{POD}/{NODE}\n"
    f"8:pids:/docker/{NODE}/kubelet/kubepods/burstable/pod{POD}/{NODE}\n"
    f"0::/docker/{NODE}\n"
)
GROUPS = Path("/sys/fs/cgroup")


@pytest.mark.parametrize("text", [SYSTEMD, KUBELET], ids=["systemd", "the kubelet itself"])
def test_a_pods_process_is_known_by_its_group_whoever_makes_the_groups(text):
    assert process.within(POD, text)
    assert not process.within(OTHER, text)
    assert not process.within(POD[:-1], text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0::/user.slice/user-1000.slice/session-2.scope\n",
        f"0::/system.slice/docker-{NODE}.scope\n",
        f"0::/kubepods/burstable/pod{POD}0/{NODE}\n",
        f"0::/kubepods/burstable/{POD}\n",
    ],
)
def test_a_process_of_another_group_is_none_of_the_pods(text):
    assert not process.within(POD, text)


@contextmanager
def group(name):
    """A control group of the kernel's, for as long as the block lasts."""
    root = GROUPS if (GROUPS / "cgroup.procs").exists() else GROUPS / "pids"
    made = root / f"iwc-test-{secrets.token_hex(3)}"
    try:
        (made / name).mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        yield made / name
    finally:
        (made / name).rmdir()
        made.rmdir()


@contextmanager
def started(tmp_path, name, where):
    """A process that the kernel calls by a name, in a control group."""
    program = tmp_path / name
    sleep = shutil.which("sleep")
    assert sleep is not None
    if not program.exists():
        program.symlink_to(sleep)
    child = processes.start(name, [str(program), "60"], log=tmp_path / f"{name}.log")
    try:
        (where / "cgroup.procs").write_text(str(child.child.pid))
        yield child.child.pid
    finally:
        child.stop()


def test_of_all_processes_the_pods_envoy_is_found_and_its_cpu_time_read(tmp_path):
    uid, another = str(uuid.uuid4()), str(uuid.uuid4())
    with (
        group(f"pod{uid}") as mine,
        group(f"pod{another}") as others,
        started(tmp_path, "pilot-agent", mine),
        started(tmp_path, "envoy", others),
        started(tmp_path, "envoy", mine) as envoy,
    ):
        found = process.envoy([uid])

        assert found == envoy
        assert 0 < clock.cpu_ns(found) < 10**9


def test_two_envoys_of_a_pod_are_not_taken_for_one(tmp_path):
    uid = str(uuid.uuid4())
    with (
        group(f"pod{uid}") as mine,
        started(tmp_path, "envoy", mine),
        started(tmp_path, "envoy", mine),
        pytest.raises(process.NotHere, match=f"2 processes named envoy of the pod {uid} can be"),
    ):
        process.envoy([uid])


def test_a_pod_of_another_machine_has_no_process_here():
    with pytest.raises(process.NotHere, match=f"^no process named envoy of the pod {POD} can be"):
        process.envoy([POD])


def test_of_several_pods_none_is_the_one():
    with pytest.raises(process.NotHere, match="the gateway has 2 pods"):
        process.envoy([POD, OTHER])


def test_where_the_kernel_lists_no_processes_none_is_found(tmp_path):
    with pytest.raises(process.NotHere, match="no process"):
        process.envoy([POD], tmp_path / "proc")


def test_a_process_that_ended_since_it_was_listed_is_passed_over(tmp_path):
    for pid in (1, 2):
        (tmp_path / str(pid)).mkdir()
    (tmp_path / "self").mkdir()
    (tmp_path / "2" / "comm").write_text("envoy\n")
    (tmp_path / "2" / "cgroup").write_text(KUBELET)

    assert process.envoy([POD], tmp_path) == 2
