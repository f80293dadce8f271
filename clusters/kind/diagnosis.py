"""What a cluster tells about pods that do not get ready: their states, last events, last words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    #: An object of the Kubernetes API in JSON.
    Object = Mapping[str, Any]

EVENTS, LOG_LINES = 6, 8
#: Container states that seldom pass by themselves.
HOPELESS = (
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ImagePullBackOff",
    "InvalidImageName",
)
#: So long a pod may be in one of them: a registry may be slow, a first start may fail.
PATIENCE_SECONDS = 20.0


def told(pods: Iterable[Object], events: Iterable[Object], printed: Mapping[str, str]) -> str:
    """Return the states of pods that are not ready, the last warnings, and what was printed.

    `printed` holds the end of what containers printed, by "namespace/pod container".
    """
    parts = []
    unready = [pod for pod in pods if not ready(pod)]
    if unready:
        parts += ["pods that are not ready:", *(line for pod in unready for line in _states(pod))]
    every = list(events)
    about = {pod["metadata"]["name"] for pod in unready}
    theirs = [one for one in every if one.get("involvedObject", {}).get("name") in about]
    # Where all pods are ready, or none could be made, anything may be the reason.
    if warnings := _warnings(theirs) or _warnings(every):
        parts += ["last warnings:", *warnings]
    for name, text in printed.items():
        parts += [f"last lines of {name}:"]
        parts += [f"  {line}" for line in text.splitlines()[-LOG_LINES:]]
    return "\n".join(parts)


def ready(pod: Object) -> bool:
    """Tell whether a pod is ready, or done with what it was for."""
    status = pod.get("status", {})
    if status.get("phase") == "Succeeded":
        return True
    conditions = status.get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def stuck(pods: Iterable[Object], now: datetime) -> str:
    """Return why pods will not get ready without help, "" as long as they may."""
    return "; ".join(
        f"{_name(pod)} {container} is in {waiting['reason']}"
        for pod in pods
        if (now - _time(pod["metadata"]["creationTimestamp"])).total_seconds() > PATIENCE_SECONDS
        for container, waiting in _waiting(pod)
        if waiting.get("reason") in HOPELESS
    )


@dataclass(frozen=True, slots=True)
class Log:
    """A container that printed something; `previous` if it ended and waits to be started again."""

    namespace: str
    pod: str
    container: str
    previous: bool


def logs(pods: Iterable[Object]) -> list[Log]:
    """Return where to read what containers printed that started and are not ready."""
    found = []
    for pod in pods:
        if ready(pod):
            continue
        metadata = pod["metadata"]
        for status in pod.get("status", {}).get("containerStatuses") or []:
            state = status.get("state") or {}
            ended = "waiting" in state and "terminated" in (status.get("lastState") or {})
            if ended or "running" in state or "terminated" in state:
                found.append(Log(metadata["namespace"], metadata["name"], status["name"], ended))
    return found


def _states(pod: Object) -> Iterator[str]:
    name = _name(pod)
    waits = list(_waiting(pod))
    for container, waiting in waits:
        told = [waiting.get("reason"), waiting.get("message")]
        yield f"  {name} {container}: {': '.join(filter(None, told))}"
    if waits:
        return
    phase = pod.get("status", {}).get("phase", "unknown")
    conditions = pod.get("status", {}).get("conditions") or []
    why = next((one["message"] for one in conditions if one.get("message")), "")
    yield f"  {name}: {phase}{': ' if why else ''}{why}"


def _waiting(pod: Object) -> Iterator[tuple[str, Object]]:
    status = pod.get("status", {})
    for part in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(part) or []:
            if waiting := (container.get("state") or {}).get("waiting"):
                yield container["name"], waiting


def _warnings(events: Iterable[Object]) -> list[str]:
    found: dict[str, str] = {}
    for event in sorted(events, key=_when):
        if event.get("type") == "Warning":
            about = event.get("involvedObject") or {}
            line = f"{about.get('kind')} {about.get('namespace', '')}/{about.get('name')}"
            found.pop(line, None)  # the same once more is the newest
            text = " ".join(str(event.get("message") or "").split())
            found[line] = f"  {line}: {event.get('reason')}: {text}"
    return list(found.values())[-EVENTS:]


def _when(event: Object) -> datetime:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    known = [_time(text) for text in times if text]
    return max(known, default=datetime.min.replace(tzinfo=UTC))


def _name(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
