"""Both ends of a pilot-agent: a control plane that sends what it is told to, and a proxy.

Delta ADS, which is what the agents of the compared releases and their Envoys speak.
"""

from __future__ import annotations

import os
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

import grpc

from clusters import waiting
from clusters.pilot import protos

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SECONDS = 40.0
#: A stream of the agent, and one that it opens anew.
STREAMS = 8
_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
_METHOD = "DeltaAggregatedResources"
_Request: Any = protos.message_class("envoy.service.discovery.v3.DeltaDiscoveryRequest")
_Response: Any = protos.message_class("envoy.service.discovery.v3.DeltaDiscoveryResponse")
_Resource: Any = protos.message_class("envoy.service.discovery.v3.Resource")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What reached the proxy of one response: resources by name, and names to forget."""

    resources: dict[str, dict[str, Any]]
    removed: tuple[str, ...]


@dataclass(slots=True)
class Line:
    """The agent's line to both ends: what was sent, and what came of it, by nonce."""

    _outbox: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _subscribed: bool = False
    _outcomes: dict[str, Forwarded | str] = field(default_factory=dict)

    def send(
        self, nonce: str, resources: Mapping[str, Mapping[str, Any]], removed: Sequence[str]
    ) -> Forwarded | str:
        """Send one response and return what reached the proxy, or the text of the agent's NACK."""
        packed = [
            _Resource(name=name, version="1", resource=protos.pack(one, protos.ECDS))
            for name, one in resources.items()
        ]
        self._outbox.put(
            _Response(
                type_url=protos.ECDS, nonce=nonce, resources=packed, removed_resources=removed
            )
        )
        waiting.until_signalled(
            self._changed,
            lambda: nonce in self._outcomes,
            what=f"the agent passing on or refusing response {nonce}",
            within=SECONDS,
            last=lambda: f"answered so far: {len(self._outcomes)}",
        )
        return self._outcomes[nonce]

    def wait_for_agent(self) -> None:
        """Return once the proxy's subscription has come through; raises waiting.TimedOut."""
        waiting.until_signalled(
            self._changed,
            lambda: self._subscribed,
            what="the agent passing on a subscription",
            within=SECONDS,
            last=lambda: "no request",
        )

    def serve(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        """Answer one stream as the control plane: with what is sent, whatever is asked for."""
        threading.Thread(target=self._read, args=(requests,), daemon=True).start()
        context.add_callback(lambda: self._outbox.put(None))
        yield from iter(self._outbox.get, None)

    def _read(self, requests: Iterator[Any]) -> None:
        try:
            for request in requests:
                if request.type_url != protos.ECDS:
                    continue
                if request.error_detail.code:
                    self._came(request.response_nonce, request.error_detail.message)
                with self._changed:
                    self._subscribed = True
                    self._changed.notify_all()
        except grpc.RpcError:
            pass  # the agent went away; whoever waits for its answer learns it from the wait

    def receive(self, responses: Iterator[Any]) -> None:
        """Take what reaches the proxy, until the stream ends."""
        try:
            for response in responses:
                found = {one.name: protos.unpack(one.resource) for one in response.resources}
                self._came(response.nonce, Forwarded(found, tuple(response.removed_resources)))
        except grpc.RpcError:
            pass

    def _came(self, nonce: str, outcome: Forwarded | str) -> None:
        with self._changed:
            self._outcomes[nonce] = outcome
            self._changed.notify_all()


@contextmanager
def control_plane(line: Line) -> Iterator[str]:
    """Give the address at which an agent finds the control plane's end, while the block lasts."""
    server = grpc.server(ThreadPoolExecutor(STREAMS, thread_name_prefix="delta"))
    handler = grpc.stream_stream_rpc_method_handler(
        line.serve,
        request_deserializer=_Request.FromString,
        response_serializer=_Response.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(_SERVICE, {_METHOD: handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


@contextmanager
def proxy(line: Line, address: str) -> Iterator[None]:
    """Be the proxy of an agent that listens at `address`, "unix:…", while the block lasts."""
    outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    first = _Request(type_url=protos.ECDS, resource_names_subscribe=["*"])
    first.node.id = "router~127.0.0.1~x.istio-system~istio-system.svc.cluster.local"
    outbox.put(first)
    with grpc.insecure_channel(address) as channel:
        calls: Any = channel.stream_stream(
            f"/{_SERVICE}/{_METHOD}",
            request_serializer=_Request.SerializeToString,
            response_deserializer=_Response.FromString,
        )(iter(outbox.get, None), wait_for_ready=True)
        reader = threading.Thread(target=line.receive, args=(calls,), daemon=True)
        reader.start()
        try:
            line.wait_for_agent()
            yield
        finally:
            outbox.put(None)
            calls.cancel()
            reader.join()
