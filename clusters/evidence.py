"""What is kept when a test fails: enough to see the cause without running it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from clusters import redaction
from clusters.gateway import Reply
from clusters.proxy import AdminUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from clusters.gateway import Request, Unanswered
    from clusters.pilot.documents import Document
    from clusters.pilot.push import Outcome
    from clusters.proxy import Proxy

BODY_LIMIT = 2000


def write(
    folder: Path,
    *,
    proxy: Proxy,
    log: str,
    transcript: Iterable[tuple[Request, Reply | Unanswered]],
    documents: Iterable[Document],
    outcomes: Iterable[Outcome],
) -> None:
    """Write one file per kind of evidence; what a dead proxy cannot tell says so in its file."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "config_dump.json": _ask(proxy.config_dump),
        "stats.txt": _ask(lambda: statistics(proxy)),
        "envoy.log": log,
        **of_the_run(transcript, documents, outcomes),
    }
    for name, text in contents.items():
        (folder / name).write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def statistics(proxy: Proxy) -> str:
    """Return the proxy's counters and gauges, a line each; raises AdminUnreachable."""
    return "\n".join(f"{name}: {value}" for name, value in proxy.stats().items())


def of_the_run(
    transcript: Iterable[tuple[Request, Reply | Unanswered]],
    documents: Iterable[Document],
    outcomes: Iterable[Outcome],
) -> dict[str, str]:
    """Return what the run itself knows, by the names of the files for it; nobody is asked."""
    return {
        "exchanges.txt": "\n\n".join(_exchange(*pair) for pair in transcript),
        "documents.yaml": yaml.safe_dump_all([_plain(d) for d in documents], sort_keys=False),
        "patches.txt": "\n".join(outcome.sentence for outcome in outcomes),
    }


def _ask(question: Callable[[], str]) -> str:
    try:
        return question()
    except AdminUnreachable as error:
        return str(error)


def _exchange(request: Request, reply: Reply | Unanswered) -> str:
    sent = [f"> {request.method} {request.path}"]
    sent += [f"> {name}: {value}" for name, value in request.headers]
    if not isinstance(reply, Reply):
        return "\n".join([*sent, f"! {reply}"])
    got = [f"$ {reply.curl}", f"< {reply.status}"]
    got += [f"< {name}: {value}" for name, value in reply.headers]
    return "\n".join([*sent, *got, reply.body[:BODY_LIMIT].decode("utf-8", "backslashreplace")])


def _plain(document: Document) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(document.written()))
    return redaction.thing(plain)
