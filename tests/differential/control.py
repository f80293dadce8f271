"""A real istiod that answers one document set after the other."""

from __future__ import annotations

import http.client
import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters import waiting
from clusters.following import Follower
from clusters.local import apiserver, binaries, istiod
from clusters.local.announced import announced
from clusters.local.apiserver import resources
from clusters.local.conversation import Conversation
from clusters.pilot import documents
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.node import ingress_gateway
from tests.differential import asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from clusters.local.apiserver import ApiServer
    from clusters.pilot.documents import Document
    from clusters.release import Release
    from tests.differential.asking import Resources

PUSH_SECONDS = 20.0
Thing = dict[str, Any]


@dataclass(slots=True)
class Control:
    """A running istiod and what it has been given."""

    _istiod: istiod.Istiod
    _api: ApiServer
    _ask: Callable[[], tuple[Resources, int]]
    _log: Follower
    _behaviours: Behaviours
    _conversation: Conversation = field(default_factory=lambda: Conversation(""))
    _held: dict[str, Thing] = field(default_factory=dict)

    def answers(self, things: Iterable[Mapping[str, Any]]) -> Resources:
        """Return what it sends for exactly these objects."""
        wanted, needed = {name(one): dict(one) for one in things}, 0
        for stage in self._stages(wanted):
            if told := self._change(stage):
                needed = self._pushed(told)
        found, push = self._ask()
        assert push >= needed, f"push {push} was sent, {needed} holds the documents"
        return found

    def _stages(self, wanted: dict[str, Thing]) -> Iterator[dict[str, Thing]]:
        """Yield what to give it one after the other: those who delegate when all else is there.

        Else it could tell of them before it has seen what they delegate to.
        """
        roots = {
            one
            for one, thing in wanted.items()
            if _delegates(thing) and self._held.get(one) != thing
        }
        if roots:
            yield {one: thing for one, thing in wanted.items() if one not in roots}
        yield wanted

    def _change(self, wanted: dict[str, Thing]) -> set[str]:
        changed = {
            one
            for one in self._held.keys() | wanted.keys()
            if self._held.get(one) != wanted.get(one)
        }
        self._read()
        told = self._told(changed, wanted)
        # A new one each time: what it counts of istiod's start need not come out even.
        self._conversation = Conversation("")
        self._conversation.expect(told)
        gone = changed - wanted.keys()
        for one in sorted(gone, key=lambda one: (not _delegates(self._held[one]), one)):
            self._api.drop(self._held.pop(one))
        for one in wanted:
            if one in changed:
                if one in self._held:
                    self._api.drop(self._held[one])
                self._api.put(wanted[one])
                self._held[one] = wanted[one]
        return told

    def _told(self, changed: set[str], wanted: dict[str, Thing]) -> set[str]:
        """Return the changed objects that it says to push for."""
        before, after = (_virtual_services(things) for things in (self._held, wanted))
        return announced(changed, before, after, self._behaviours)

    def _pushed(self, changed: set[str]) -> int:
        waiting.until(
            self._read,
            lambda push: push > 0,
            what=f"a push of {', '.join(sorted(changed))}",
            within=PUSH_SECONDS,
            every=0.002,
            hint=f"less {self._istiod.process.log}",
        )
        return self._conversation.push

    def _read(self) -> int:
        self._istiod.process.check()
        for line in self._log.new_lines():
            self._conversation.read(line)
        return self._conversation.push

    def admitted(self, things: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return the objects that its webhook does not refuse."""
        return [one for one in things if "refused" not in self.admits(one)]

    def admits(self, thing: Mapping[str, Any]) -> dict[str, Any]:
        """Return what its webhook says of an object: `refused`, or its `warnings`, or nothing."""
        metadata = thing["metadata"]
        review = {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "0",
                "kind": _group_version(thing) | {"kind": thing["kind"]},
                "operation": "CREATE",
                "name": metadata["name"],
                "namespace": metadata.get("namespace", ""),
                "object": thing,
            },
        }
        connection = http.client.HTTPConnection(self._istiod.http, timeout=PUSH_SECONDS)
        try:
            connection.request(
                "POST", "/validate", json.dumps(review), {"Content-Type": "application/json"}
            )
            answer = json.loads(connection.getresponse().read())["response"]
        finally:
            connection.close()
        if not answer["allowed"]:
            return {"refused": answer["status"]["message"]}
        return {"warnings": answer["warnings"]} if answer.get("warnings") else {}


def _group_version(thing: Mapping[str, Any]) -> dict[str, str]:
    group, _, version = thing["apiVersion"].rpartition("/")
    return {"group": group, "version": version}


def _delegates(thing: Thing) -> bool:
    routes = (thing.get("spec") or {}).get("http") or []
    return thing["kind"] == "VirtualService" and any(one.get("delegate") for one in routes)


def _virtual_services(things: Mapping[str, Thing]) -> tuple[Document, ...]:
    held = [one for one in things.values() if one["kind"] == "VirtualService"]
    return documents.together(*(documents.parse(json.dumps(one), source="set") for one in held))


def name(thing: Mapping[str, Any]) -> str:
    """Return how istiod names an object: "EnvoyFilter/istio-system/basic-auth"."""
    metadata = thing["metadata"]
    return f"{thing['kind']}/{metadata.get('namespace', '')}/{metadata['name']}"


@contextmanager
def running(release: Release, folder: Path) -> Iterator[Control]:
    """Run an istiod of a release over an empty Kubernetes API for as long as the block lasts.

    Raises binaries.BinariesMissing, istiod.IstiodFailed or processes.ProcessFailed.
    """
    found = binaries.find(release)
    node = ingress_gateway(release.version)
    with ExitStack() as stack:
        kinds = resources.istio(Behaviours.of(release))
        api = stack.enter_context(apiserver.serving(kinds=kinds))
        kubeconfig = api.kubeconfig(folder / "kubeconfig")
        started = istiod.start(found.istiod, kubeconfig, folder, istio_filters=False)
        stack.callback(started.process.kill)
        yield Control(
            _istiod=started,
            _api=api,
            _ask=stack.enter_context(asking.connection(started.grpc, node)),
            _log=Follower(started.process.log),
            _behaviours=Behaviours.of(release),
        )
