"""A run says that it is alive, for people on other machines who clean up after runs that died.

It keeps a Lease, which names its process and is renewed from time to time. Clocks
of two machines are never compared: on the same machine the process itself is looked for, from
another one the Lease is watched for a change.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clusters import apply, waiting
from clusters.existing import identity
from clusters.ownership import FIELD_MANAGER, GATEWAY_ANNOTATION, PROCESS_ANNOTATION, RUN_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clusters.existing.api import Api

RENEW_SECONDS = 5.0
#: Two renewals may be lost before a run that nobody on this machine knows counts as dead.
PATIENCE_SECONDS = 3 * RENEW_SECONDS + 1


def path(namespace: str) -> str:
    """Return where the Leases of a namespace are."""
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


def name(run: str) -> str:
    """Return what the Lease of a run is called."""
    return f"run-{run}"


@contextmanager
def kept(api: Api, namespace: str, run: str, *, gateway: str) -> Iterator[None]:
    """Keep the Lease of this run for as long as the block lasts; to delete it is left to others.

    `gateway` says which one the run works with. A renewal that fails is left to the next one.
    Raises apply.KubeError if the first fails.
    """
    api.create(path(namespace), _new(run, gateway))
    ended = threading.Event()
    thread = threading.Thread(
        target=_renew,
        args=(api, f"{path(namespace)}/{name(run)}", ended),
        name="lease",
        daemon=True,
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _new(run: str, gateway: str) -> dict[str, Any]:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": name(run),
            "labels": {RUN_LABEL: run},
            "annotations": {
                PROCESS_ANNOTATION: identity.process(),
                GATEWAY_ANNOTATION: gateway,
            },
        },
        "spec": {
            "holderIdentity": f"{FIELD_MANAGER}, {identity.words()}",
            "leaseDurationSeconds": int(PATIENCE_SECONDS),
            "renewTime": _now(),
        },
    }


def _renew(api: Api, where: str, ended: threading.Event) -> None:
    while not ended.wait(RENEW_SECONDS):
        try:
            api.change(where, {"spec": {"renewTime": _now()}})
        except apply.KubeError:
            continue


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def alive(api: Api, lease: Mapping[str, Any], *, within: float = PATIENCE_SECONDS) -> str:
    """Return who keeps a Lease, "" once nobody does: at once, or after watching it `within` s."""
    metadata = lease["metadata"]
    holder = str(lease["spec"].get("holderIdentity", "somebody"))
    here = identity.runs((metadata.get("annotations") or {}).get(PROCESS_ANNOTATION, ""))
    if here is not None:
        return holder if here else ""
    where = f"{path(metadata['namespace'])}/{metadata['name']}"
    try:
        waiting.until(
            lambda: str(api.get(where)["metadata"]["resourceVersion"]),
            lambda seen: seen != metadata["resourceVersion"],
            what=f"a renewal of the Lease {metadata['namespace']}/{metadata['name']}",
            within=within,
            every=0.5,
        )
    except waiting.TimedOut:
        return ""
    except apply.Refused as error:
        if error.code != 404:  # gone: the run has just ended by itself
            raise
        return ""
    return holder
