"""Documents into a Kubernetes API and out of it again: our own server, kind, anybody's cluster."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import yaml

from clusters.ownership import FIELD_MANAGER, RUN_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

#: To connect, and to be answered. As a pair: a single limit that is no int the client ignores.
REQUEST_SECONDS = (30.0, 30.0)
#: The same for one that has just let that pass: a run that lost its cluster has much to clear away.
SILENT_SECONDS = (3.0, 3.0)
_WARNING_PREFIX = "299 - "
# Discovery keeps what it found in a file under /tmp that is named after the address alone: the
# next server on the same port would be taken for this one. Below a device no file can be.
_NO_CACHE = f"{os.devnull}/none"


class KubeError(Exception):
    """Something that was asked of a Kubernetes API was not done."""


class BadKubeconfig(KubeError):
    """The kubeconfig file cannot be used."""


class Unreachable(KubeError):
    """The API server does not answer."""


class Refused(KubeError):
    """The API server answered no; the text holds its own words, a webhook's verbatim."""

    def __init__(self, what: str, code: int, words: str) -> None:
        super().__init__(f"{what} was refused ({code}): {words}")
        self.code = code
        self.words = words


class Conflict(Refused):
    """Another field manager owns fields of the object; `managers` names them."""

    def __init__(self, what: str, words: str, managers: tuple[str, ...]) -> None:
        super().__init__(what, 409, words)
        self.managers = managers


class UnknownKind(KubeError):
    """The API server knows no such kind in that version."""


class NotOurs(KubeError):
    """The object belongs to another run, or to somebody else."""


class NotRemoved(KubeError):
    """The object is still there after it was deleted."""


@dataclass(frozen=True, slots=True)
class Kube:
    """A Kubernetes API on behalf of one run, whose id every object carries as a label.

    Nothing here waits. `warnings` are what the API said beside its answers, in order.
    """

    url: str
    run: str
    _client: Any
    warnings: list[str] = field(default_factory=list)
    #: What was asked in vain since the last answer.
    _in_vain: list[str] = field(default_factory=list)

    def apply(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object as it is stored after a server-side apply of a document.

        Fields that others changed are taken back only where the object is this run's. Raises
        Conflict, Refused, UnknownKind or Unreachable.
        """
        body = _labelled(document, self.run)
        try:
            return self._apply(body, force=False)
        except Conflict:
            if not self._is_ours(self.stored(body)):
                raise
        return self._apply(body, force=True)

    def _apply(self, body: dict[str, Any], *, force: bool) -> dict[str, Any]:
        with self._asking(f"applying {named(body)}"):
            response = self._client.server_side_apply(
                self._resource(body),
                body=body,
                namespace=body["metadata"].get("namespace"),
                field_manager=FIELD_MANAGER,
                force_conflicts=force,
                **self._plain,
            )
        self.warnings.extend(_warnings(response))
        return _object(response)

    def stored(self, document: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the object with a document's kind, namespace and name, None if there is none."""
        from kubernetes.dynamic.exceptions import NotFoundError

        with self._asking(f"reading {named(document)}"):
            metadata = document["metadata"]
            try:
                response = self._client.get(
                    self._resource(document),
                    name=metadata["name"],
                    namespace=metadata.get("namespace"),
                    **self._plain,
                )
            except NotFoundError:
                return None
        return _object(response)

    def delete(self, document: Mapping[str, Any]) -> None:
        """Remove this run's object with a document's kind and name; returns once that is proven.

        One that is not there counts as removed. Raises NotOurs, NotRemoved, Refused, Unreachable.
        """
        from kubernetes.dynamic.exceptions import NotFoundError

        found = self.stored(document)
        if found is None:
            return
        if not self._is_ours(found):
            owner = (found["metadata"].get("labels") or {}).get(RUN_LABEL, "somebody else")
            raise NotOurs(
                f"{named(document)} at {self.url} was not deleted: it belongs to {owner}, "
                f"this run is {self.run}"
            )
        uid = found["metadata"]["uid"]
        with self._asking(f"deleting {named(document)}"):
            try:
                response = self._client.delete(
                    self._resource(document),
                    name=found["metadata"]["name"],
                    namespace=found["metadata"].get("namespace"),
                    body={"preconditions": {"uid": uid}},
                    **self._plain,
                )
            except NotFoundError:
                return
            _object(response)  # read to its end, or its connection could not be used again
        left = self.stored(document)
        if left is not None and left["metadata"]["uid"] == uid:
            held = ", ".join(left["metadata"].get("finalizers") or []) or "none"
            raise NotRemoved(
                f"{named(document)} at {self.url} is still there after it was deleted\n"
                f"last seen: finalizers {held}, deletionTimestamp "
                f"{left['metadata'].get('deletionTimestamp')}\n"
                f"Hint: kubectl get {document['kind']} {found['metadata']['name']} -o yaml"
            )

    def ours(self, kinds: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
        """Return this run's objects of some kinds, each given as (apiVersion, kind)."""
        found = []
        for api_version, kind in kinds:
            with self._asking(f"listing {kind}"):
                resource = self._resource({"apiVersion": api_version, "kind": kind})
                selector = f"{RUN_LABEL}={self.run}"
                response = self._client.get(resource, label_selector=selector, **self._plain)
            same = {"apiVersion": api_version, "kind": kind}
            found += [item | same for item in _object(response)["items"]]
        return found

    def close(self) -> None:
        """Give up the connections; to ask again opens new ones."""
        self._client.client.rest_client.pool_manager.clear()

    def _is_ours(self, thing: Mapping[str, Any] | None) -> bool:
        labels = (thing or {}).get("metadata", {}).get("labels") or {}
        return labels.get(RUN_LABEL) == self.run

    def _resource(self, document: Mapping[str, Any]) -> Any:
        from kubernetes.dynamic.exceptions import ResourceNotFoundError

        version, kind = document["apiVersion"], document["kind"]
        try:
            return self._client.resources.get(api_version=version, kind=kind)
        except ResourceNotFoundError as error:
            raise UnknownKind(
                f"{self.url} knows no kind {kind} in {version}\n"
                "likely cause: this release of Istio does not have it, or Istio is not installed\n"
                f"Hint: kubectl api-resources --api-group={version.rpartition('/')[0]}"
            ) from error

    @property
    def _plain(self) -> dict[str, Any]:
        limit = SILENT_SECONDS if self._in_vain else REQUEST_SECONDS
        return {"serialize": False, "_request_timeout": limit}

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            with errors(self.url, what):
                yield
        except Unreachable:
            self._in_vain.append(what)
            raise
        except Refused:
            self._in_vain.clear()
            raise
        self._in_vain.clear()


def connect(kubeconfig: Path, *, context: str | None = None, run: str = "") -> Kube:
    """Return the Kubernetes API that a kubeconfig file names, with its current or another context.

    `run` is the id that objects are labelled with, by default a new one. No other file is read and
    none is written, not even the one given. Raises BadKubeconfig or Unreachable.
    """
    # Half a second of import that no run without a Kubernetes API should pay.
    from kubernetes.dynamic import DynamicClient, LazyDiscoverer

    class Discoverer(LazyDiscoverer):  # type: ignore[misc]
        def _write_cache(self) -> None:
            pass

    api = api_client(kubeconfig, context=context)
    with errors(api.configuration.host, "asking what it serves"):
        dynamic = DynamicClient(api, cache_file=_NO_CACHE, discoverer=Discoverer)
    return Kube(api.configuration.host, run or secrets.token_hex(4), dynamic)


def api_client(kubeconfig: Path, *, context: str | None = None) -> Any:
    """Return the `kubernetes` package's ApiClient for a kubeconfig file; nothing is asked yet.

    Raises BadKubeconfig.
    """
    from kubernetes import client, config

    configuration = client.Configuration()
    try:
        config.load_kube_config(
            str(kubeconfig), context, client_configuration=configuration, persist_config=False
        )
    except (
        *(config.ConfigException, yaml.YAMLError),
        *(OSError, ValueError, TypeError, AttributeError),  # of a file that holds something else
    ) as error:
        told = " ".join(str(error).split())
        raise BadKubeconfig(
            f"the kubeconfig file {kubeconfig} cannot be used: {told}\n"
            f"Hint: kubectl --kubeconfig={kubeconfig} config get-contexts"
        ) from error
    if urlsplit(configuration.host).hostname in ("127.0.0.1", "::1", "localhost"):
        configuration.proxy = None  # HTTP_PROXY is not meant for this machine itself
    configuration.retries = _asked_again()
    api = client.ApiClient(configuration)
    api.user_agent = f"{FIELD_MANAGER}/1"
    return api


def _asked_again() -> Any:
    """Return when the client asks again: as it does by itself, but not after a limit has passed."""
    from urllib3 import Retry
    from urllib3.exceptions import TimeoutError as LimitPassed

    class Retries(Retry):
        def increment(
            self,
            method: str | None = None,
            url: str | None = None,
            response: Any = None,
            error: Exception | None = None,
            _pool: Any = None,
            _stacktrace: Any = None,
        ) -> Self:
            if isinstance(error, LimitPassed):
                raise error
            return super().increment(method, url, response, error, _pool, _stacktrace)

    return Retries(3)


@contextmanager
def errors(url: str, what: str) -> Iterator[None]:
    """Turn errors of the `kubernetes` package into those of this module."""
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        words, status = _words(error)
        if status.get("reason") == "Conflict" and (causes := _managers(status)):
            raise Conflict(what, words, causes) from error
        raise Refused(what, int(error.status or 0), words) from error
    except HTTPError as error:
        raise Unreachable(
            f"the Kubernetes API at {url} did not answer when {what}\n"
            f"last seen: {error}\n"
            "likely cause: it is not running (any more), or the kubeconfig file is an old one\n"
            f"Hint: curl -sS {url}/version"
        ) from error


def _words(error: Any) -> tuple[str, dict[str, Any]]:
    """Return what an API server said, and its Status object if it sent one."""
    body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else error.body
    try:
        status = json.loads(body or "")
    except ValueError:
        status = None
    if not isinstance(status, dict):
        return body or str(error.reason), {}
    return str(status.get("message") or error.reason), status


def _managers(status: Mapping[str, Any]) -> tuple[str, ...]:
    causes = (status.get("details") or {}).get("causes") or []
    messages = [one["message"] for one in causes if one.get("reason") == "FieldManagerConflict"]
    return tuple(dict.fromkeys(message.split('"')[1] for message in messages if '"' in message))


def _object(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.data)
    return found


def _warnings(response: Any) -> list[str]:
    told = response.headers.getlist("Warning")
    return [json.loads(one.removeprefix(_WARNING_PREFIX)) for one in told]


def _labelled(document: Mapping[str, Any], run: str) -> dict[str, Any]:
    metadata = document["metadata"]
    labels = {**(metadata.get("labels") or {}), RUN_LABEL: run}
    return {**document, "metadata": {**metadata, "labels": labels}}


def named(document: Mapping[str, Any]) -> str:
    """Return how people name an object: `EnvoyFilter istio-system/basic-auth`."""
    metadata = document["metadata"]
    scope = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{document['kind']} {scope}{metadata['name']}"
