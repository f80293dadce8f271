"""What a gateway answers, whatever the filter in front of it is for."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A page, a file, a form, a question without a body, and a route that nothing serves.
REQUESTS = (
    ("GET", "/productpage"),
    ("HEAD", "/productpage"),
    ("GET", "/static/style.css"),
    ("POST", "/login"),
    ("GET", "/no/such/route"),
)
SERVER_ERROR = 500


def answers(gateway: Any) -> dict[str, int]:
    """Return the status of each request; a request without an answer raises Unanswered."""
    return {f"{method} {path}": gateway.send(method, path).status for method, path in REQUESTS}


def broken(found: dict[str, int]) -> dict[str, int]:
    """Return those answers that tell of a failure in the gateway."""
    return {request: status for request, status in found.items() if status >= SERVER_ERROR}


@contextmanager
def asking(gateway: Any) -> Iterator[list[int]]:
    """Ask for the product page all the time; yields the list that the statuses go to."""
    statuses: list[int] = []
    failures: list[Exception] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                statuses.append(gateway.send("GET", "/productpage").status)
            except Exception as error:  # a thread that dies says nothing to the check
                failures.append(error)
                return

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield statuses
    finally:
        done.set()
        asking.join()
    if failures:
        raise failures[0]


def problems(delivery: Any) -> list[str]:
    """Return everything that kept documents from taking effect, in the words of who says so."""
    patches = [
        f"{kind} {namespace}/{name}, {outcome.part}: {outcome.sentence}"
        for outcome in delivery.ineffective
        for kind, namespace, name in [outcome.document]
    ]
    waiting = [f"the listener waits for {name}" for name in delivery.waiting_for]
    refusals = list(delivery.refusals)
    if refusals and delivery.log.strip():
        refusals.append(delivery.log.strip())
    return [*patches, *delivery.fetch_failures, *refusals, *waiting]
