"""Plain questions to a Kubernetes API by path, for what is looked at before anything is applied."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters import apply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusters.existing.contexts import Context

MERGE = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Api:
    """A Kubernetes API; paths are those of its REST interface.

    Everything raises apply.Refused, whose code is that of HTTP, or apply.Unreachable.
    """

    url: str
    client: Any

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return an object, or a list of them."""
        return self._ask("GET", path, query=query)

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return the objects of a collection; of none, where the API does not know the kind."""
        try:
            found: list[dict[str, Any]] = self.get(path, **query)["items"]
        except apply.Refused as error:
            if error.code != 404:
                raise
            return []
        return found

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object that a collection has then."""
        return self._ask("POST", path, body=body)

    def change(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object after a merge patch."""
        return self._ask("PATCH", path, body=body, headers={"Content-Type": MERGE})

    def delete(self, path: str, *, uid: str) -> None:
        """Delete this very object, not another one of its name; gone already counts as deleted."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        try:
            self._ask("DELETE", path, body=body)
        except apply.Refused as error:
            if error.code != 404:
                raise

    def close(self) -> None:
        """Let go of the connections."""
        self.client.rest_client.pool_manager.clear()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        with apply.errors(self.url, f"{method} {path}"):
            response = self.client.call_api(
                path,
                method,
                query_params=list((query or {}).items()),
                header_params={"Accept": "application/json", **(headers or {})},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=apply.REQUEST_SECONDS,
            )
            found: dict[str, Any] = json.loads(response.data)
        return found


def connect(context: Context) -> Api:
    """Return the API of a context; raises apply.BadKubeconfig."""
    client = apply.api_client(context.kubeconfig, context=context.name)
    return Api(client.configuration.host, client)
