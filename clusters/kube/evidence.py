"""What is kept of a cluster when a test fails: capped, and without secrets."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from clusters import apply, evidence
from clusters.kube.istiod import IstiodUnreachable
from clusters.proxy import AdminUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from clusters.gateway import Reply, Request, Unanswered
    from clusters.kube.gateway_pods import GatewayPods
    from clusters.kube.istiod import Istiods
    from clusters.kube.stored import Stored
    from clusters.pilot.documents import Document
    from clusters.pilot.push import Outcome

LIMIT = 2_000_000
EVENTS = 100
_SILENT = (apply.KubeError, IstiodUnreachable, AdminUnreachable)
_TOKENS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # a JSON web token
    r"|(?<=[Bb]earer )[\w.~+/=-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----"
)


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
    """Write one file per kind of evidence; who cannot be asked says so in the file.

    `marks` are the sizes of the pods' logs when the test began, `since` its time as a clock has it.
    """
    first = pods.first
    evidence.write(
        folder,
        proxy=first.proxy,
        log=first.proxy.log_since(marks.get(first.uid, 0)),
        transcript=transcript,
        documents=documents,
        outcomes=outcomes,
    )
    for pod in pods:
        if pod is not first:
            _keep(
                folder,
                f"{pod.name}.log",
                partial(pod.proxy.log_since, marks.get(pod.uid, 0)),
            )
            _keep(folder, f"{pod.name}.config_dump.json", pod.proxy.config_dump)
    _keep(folder, "api-objects.yaml", lambda: _yaml(stored.as_stored()))
    _keep(folder, "events.txt", lambda: _events(pods, since))
    _keep(folder, "pods.yaml", lambda: _yaml(pods.described()))
    dump = f"/debug/config_dump?proxyID={first.id}"
    for name in istiods.pods():
        _keep(folder, f"{name}.log", partial(pods.log_of_istiod, name, since))
        _keep(folder, f"{name}-dump.json", partial(istiods.ask, name, dump))
        _keep(folder, f"{name}-syncz.json", partial(istiods.ask, name, "/debug/syncz"))
    for file in folder.iterdir():
        _cap(file)


def _keep(folder: Path, name: str, told: Callable[[], str]) -> None:
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        text = told()
    except (*_SILENT, ApiException, HTTPError) as error:
        text = str(error)
    (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")


def _cap(file: Path) -> None:
    text = file.read_text(encoding="utf-8", errors="replace")
    kept = _TOKENS.sub("…", text)
    if len(kept) > LIMIT:
        kept = f"(the first {len(kept) - LIMIT} characters are left out)\n{kept[-LIMIT:]}"
    if kept != text:
        file.write_text(kept, encoding="utf-8", errors="backslashreplace")


def _events(pods: GatewayPods, since: float) -> str:
    lines = [
        f"{event.last_timestamp} {event.type} {event.reason} "
        f"{event.involved_object.kind}/{event.involved_object.name}: {event.message}"
        for event in pods.events()
        if event.last_timestamp is None or event.last_timestamp.timestamp() >= since
    ]
    return "\n".join(lines[-EVENTS:]) + "\n"


def _yaml(objects: Iterable[Mapping[str, Any]]) -> str:
    plain = [json.loads(json.dumps(each, default=str)) for each in objects]
    return str(yaml.safe_dump_all(map(evidence.redacted, plain), sort_keys=False))
