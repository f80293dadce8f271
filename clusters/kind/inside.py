"""A cluster of ours from the inside: its mark, its pods, and what they say."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clusters import apply, waiting
from clusters.kind import diagnosis, mark
from clusters.kind.errors import PhaseFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from clusters.kind.diagnosis import Log
    from clusters.kind.mark import Mark

REQUEST_SECONDS = (10.0, 10.0)
LOOK_SECONDS = 1.0
_PLAIN: dict[str, Any] = {"_preload_content": False, "_request_timeout": REQUEST_SECONDS}


@dataclass(slots=True)
class Inside:
    """The Kubernetes API of a cluster; every question raises apply.KubeError."""

    kubeconfig: Path
    context: str
    _api: Any = field(init=False)
    _looked: float = 0.0

    def __post_init__(self) -> None:
        self._api = apply.api_client(self.kubeconfig, context=self.context)

    def close(self) -> None:
        """Give up the connections."""
        self._api.rest_client.pool_manager.clear()

    def version(self) -> str:
        """Return the version of Kubernetes, "v1.34.4"."""
        return str(self._get("/version")["gitVersion"])

    def mark(self) -> Mark | None:
        """Return this project's mark, None where the cluster carries none."""
        try:
            stored = self._get(f"/api/v1/namespaces/{mark.NAMESPACE}/configmaps/{mark.NAME}")
        except apply.Refused as error:
            if error.code == 404:
                return None
            raise
        return mark.read(stored)

    def write_mark(self, new: Mark) -> None:
        """Put the mark into the cluster, or another one in its place."""
        path = f"/api/v1/namespaces/{mark.NAMESPACE}/configmaps"
        if self.mark() is None:
            self._send("POST", path, new.written())
        else:
            self._send("PUT", f"{path}/{mark.NAME}", new.written())

    def create(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """Create objects of Kubernetes' own kinds, which must not be there yet."""
        for each in objects:
            base = "/api/v1" if each["apiVersion"] == "v1" else f"/apis/{each['apiVersion']}"
            kinds = f"{each['kind'].lower()}s"
            self._send("POST", f"{base}/namespaces/{each['metadata']['namespace']}/{kinds}", each)

    def wait_until_available(self, names: Iterable[str], *, within: float) -> None:
        """Wait until Deployments of the namespace default are available.

        Raises waiting.TimedOut, or PhaseFailed as soon as a pod is beyond waiting for.
        """
        wanted = set(names)

        def missing() -> str:
            if reason := self.stuck():
                raise PhaseFailed(f"pods do not get ready: {reason}")
            found = self._get("/apis/apps/v1/namespaces/default/deployments")["items"]
            there = {
                each["metadata"]["name"]
                for each in found
                if each.get("status", {}).get("availableReplicas", 0) > 0
            }
            return ", ".join(sorted(wanted - there))

        waiting.until(
            missing,
            lambda names: not names,
            what="every pod of Bookinfo being ready",
            within=within,
            every=0.2,
        )

    def stuck(self) -> str:
        """Return why pods will not get ready, "" as long as they may; asks once in a second."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return ""
        self._looked = time.monotonic()
        return diagnosis.stuck(self._get("/api/v1/pods")["items"], datetime.now(UTC))

    def diagnosis(self) -> str:
        """Return the states of pods that are not ready, the last warnings, the last words."""
        pods = self._get("/api/v1/pods")["items"]
        events = self._get("/api/v1/events")["items"]
        printed = {
            f"{log.namespace}/{log.pod} {log.container}": self._printed(log)
            for log in diagnosis.logs(pods)
        }
        return diagnosis.told(pods, events, printed)

    def _printed(self, log: Log) -> str:
        previous = "&previous=true" if log.previous else ""
        query = f"container={log.container}&tailLines={diagnosis.LOG_LINES}{previous}"
        try:
            path = f"/api/v1/namespaces/{log.namespace}/pods/{log.pod}/log?{query}"
            return self._ask("GET", path)
        except apply.Refused as error:
            return f"({error.words})"

    def _get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._ask("GET", path))
        return found

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        self._ask(method, path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> str:
        with apply.errors(self._api.configuration.host, f"asking for {path}"):
            response = self._api.call_api(
                path,
                method,
                header_params={"Accept": "application/json", "Content-Type": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
                **_PLAIN,
            )
            return bytes(response[0].data).decode("utf-8", "replace")
