"""What is kept of a cluster when a test fails: capped, and without secrets.

Evidence is handed on to others, so nothing is written before it is redacted. Who cannot be asked
says so in the file that is there for the answer.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from clusters import apply, evidence, redaction
from clusters.kube.gateway_pods import NoGateway
from clusters.kube.istiod import IstiodUnreachable
from clusters.proxy import AdminUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from clusters.gateway import Reply, Request, Unanswered
    from clusters.kube.gateway_pods import GatewayPod, GatewayPods
    from clusters.kube.istiod import Istiods
    from clusters.kube.stored import Stored
    from clusters.pilot.documents import Document
    from clusters.pilot.push import Outcome

LIMIT = 2_000_000
EVENTS = 100
#: Documents and exchanges are the run's own: without the credentials that checks send, those of
#: Basic authentication could not be understood.
OWN = ("documents.yaml", "exchanges.txt")
_SILENT = (apply.KubeError, IstiodUnreachable, AdminUnreachable, NoGateway)


def write(
    folder: Path,
    *,
    pods: GatewayPods,
    marks: Mapping[str, int],
    since: float,
    stored: Stored,
    istiods: Istiods,
    transcript: Iterable[tuple[Request, Reply | Unanswered]],
    documents: Iterable[Document],
    outcomes: Iterable[Outcome],
) -> None:
    """Write one file per kind of evidence.

    `marks` are the sizes of the pods' logs when the test began, `since` its time as a clock has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in evidence.of_the_run(transcript, documents, outcomes).items():
        _write(folder / name, text)
    for pod in pods:
        _keep_of_proxy(folder, pod, marks, first=pod is pods.first)
    _keep(folder / "api-objects.yaml", lambda: _yaml(stored.as_stored()))
    _keep(folder / "events.txt", lambda: _events(pods, since))
    _keep(folder / "pods.yaml", lambda: _yaml(pods.described()))
    names: list[str] = []
    _keep(folder / "istiods.txt", lambda: "\n".join(_noted(names, istiods.pods())))
    for name in names:
        _keep(folder / f"{name}.log", partial(pods.log_of_istiod, name, since))
        _keep(folder / f"{name}-syncz.json", partial(istiods.ask, name, "/debug/syncz"))
        _keep(folder / f"{name}-dump.json", partial(_dump, istiods, name, pods))


def _keep_of_proxy(folder: Path, pod: GatewayPod, marks: Mapping[str, int], *, first: bool) -> None:
    """Keep what one proxy tells; the files of the first have the names that other places use."""
    prefix = "" if first else f"{pod.name}."
    log = "envoy.log" if first else f"{pod.name}.log"
    _keep(folder / log, partial(pod.proxy.log_since, marks.get(pod.uid, 0)))
    _keep(folder / f"{prefix}config_dump.json", pod.proxy.config_dump)
    _keep(folder / f"{prefix}stats.txt", partial(evidence.statistics, pod.proxy))


def _keep(file: Path, told: Callable[[], str]) -> None:
    try:
        text = told()
    except _SILENT as error:
        text = str(error)
    _write(file, text)


def _write(file: Path, text: str) -> None:
    """Write a text without secrets, and of a long one the end."""
    kept = redaction.tokens(text) if file.name in OWN else redaction.words(text)
    if len(kept) > LIMIT:
        kept = f"(the first {len(kept) - LIMIT} characters are left out)\n{kept[-LIMIT:]}"
    file.write_text(kept + "\n", encoding="utf-8", errors="backslashreplace")


def _noted(names: list[str], found: Iterable[str]) -> list[str]:
    names.extend(found)
    return names


def _dump(istiods: Istiods, name: str, pods: GatewayPods) -> str:
    return istiods.ask(name, f"/debug/config_dump?proxyID={pods.first.id}")


def _events(pods: GatewayPods, since: float) -> str:
    lines = [
        f"{event.last_timestamp} {event.type} {event.reason} "
        f"{event.involved_object.kind}/{event.involved_object.name}: {event.message}"
        for event in pods.events()
        if event.last_timestamp is None or event.last_timestamp.timestamp() >= since
    ]
    return "\n".join(lines[-EVENTS:])


def _yaml(objects: Iterable[Mapping[str, Any]]) -> str:
    plain = [json.loads(json.dumps(each, default=str)) for each in objects]
    return str(yaml.safe_dump_all(map(redaction.thing, plain), sort_keys=False))
