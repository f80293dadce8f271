"""The pod in which the relay runs, and the tunnel to it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusters import apply, waiting
from clusters.kube import relay
from clusters.kube.forwarding import NotForwarded
from clusters.kube.tunnel import Tunnel, TunnelBroken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clusters.apply import Kube
    from clusters.kube.forwarding import Forwarding

NAME = "relay"
START_SECONDS = 120.0
#: Until its program listens.
HELD_SECONDS = 60.0
#: What a pod waits with when it does not start by itself any more.
STUCK = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CrashLoopBackOff")


class RelayFailed(Exception):
    """The relay does not run; the text says what its pod says."""


@dataclass(frozen=True, slots=True)
class Held:
    """A relay that runs: its pod's address, and the tunnel to it."""

    host: str
    tunnel: Tunnel


@contextmanager
def running(kube: Kube, forwarding: Forwarding, namespace: str, image: str) -> Iterator[Held]:
    """Run a relay in a namespace while the block lasts; raises RelayFailed and TunnelBroken."""
    name = f"{NAME}-{kube.run}"
    program = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"relay.py": Path(relay.__file__).read_text()},
    }
    pod = _pod(name, namespace, image)
    try:
        kube.apply(program)
        kube.apply(pod)
        host = _started(kube, pod)
        tunnel = _held(forwarding, namespace, name)
        try:
            yield Held(host, tunnel)
        finally:
            tunnel.close()
    finally:
        _remove(kube, pod)
        kube.delete(program)


def _pod(name: str, namespace: str, image: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app": NAME, "sidecar.istio.io/inject": "false"},
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": NAME,
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-S", "-E", "-B", "/relay/relay.py"],
                    "args": [str(relay.CONTROL)],
                    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [{"name": "program", "mountPath": "/relay"}],
                }
            ],
            "volumes": [{"name": "program", "configMap": {"name": name}}],
        },
    }


def _started(kube: Kube, pod: dict[str, Any]) -> str:
    """Return the pod's address, once it runs."""

    def state() -> tuple[str, str]:
        found = kube.stored(pod)
        if found is None:
            raise RelayFailed(f"{apply.named(pod)} is gone before it ran")
        status = found.get("status", {})
        words = _words(status)
        if status.get("phase") in ("Failed", "Succeeded") or words.startswith(STUCK):
            raise _failed(pod, words)
        running = status.get("phase") == "Running"
        return str(status.get("podIP", "") if running else ""), words

    try:
        return waiting.until(
            state,
            lambda seen: bool(seen[0]),
            what=f"{apply.named(pod)} running",
            within=START_SECONDS,
            every=0.05,
        )[0]
    except waiting.TimedOut as error:
        raise _failed(pod, str(error)) from error


def _words(status: Mapping[str, Any]) -> str:
    for each in status.get("containerStatuses") or []:
        state = each.get("state", {})
        if reason := state.get("waiting") or state.get("terminated"):
            return f"{reason.get('reason', '')}: {reason.get('message', '')}"
    conditions = [one for one in status.get("conditions") or [] if one.get("status") != "True"]
    told = [str(one["message"]) for one in conditions if one.get("message")]
    return told[0] if told else str(status.get("phase", ""))


def _failed(pod: dict[str, Any], words: str) -> RelayFailed:
    image = pod["spec"]["containers"][0]["image"]
    metadata = pod["metadata"]
    return RelayFailed(
        f"{apply.named(pod)}, through which the cluster reaches this machine, does not run\n"
        f"last seen: {words}\n"
        f"likely cause: the node cannot get the image {image}, or it has no python3\n"
        f"Hint: kubectl -n {metadata['namespace']} describe pod {metadata['name']}"
    )


def _held(forwarding: Forwarding, namespace: str, pod: str) -> Tunnel:
    def attempt() -> Tunnel | Exception:
        try:
            return Tunnel(
                lambda: forwarding.socket(namespace, pod, relay.CONTROL), name=f"{namespace}/{pod}"
            )
        except (TunnelBroken, NotForwarded) as error:
            return error

    try:
        found = waiting.until(
            attempt,
            lambda seen: isinstance(seen, Tunnel),
            what="the relay answering",
            within=HELD_SECONDS,
            every=0.1,
        )
    except waiting.TimedOut as error:
        raise TunnelBroken(f"{error}\nHint: kubectl -n {namespace} logs {pod}") from error
    assert isinstance(found, Tunnel)
    return found


def _remove(kube: Kube, pod: dict[str, Any]) -> None:
    """Delete the pod; its node may take a moment to let go of it."""

    def left() -> str:
        try:
            kube.delete(pod)
        except apply.NotRemoved as error:
            return str(error)
        return ""

    try:
        waiting.until(left, lambda words: not words, what="the relay going", within=60.0, every=0.1)
    except waiting.TimedOut as error:
        raise apply.NotRemoved(str(error.last)) from error
