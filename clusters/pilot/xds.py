"""The ADS server: give it a snapshot, wait until the proxy has accepted or refused it."""

from __future__ import annotations

import os
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

# Envoy is started by a fork beside a running server; gRPC's fork handlers would only complain.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

import grpc

from clusters import waiting
from clusters.pilot import agentsecrets, protos
from clusters.pilot.subscriptions import Packed, Refusal, Store, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: One proxy connects, perhaps again before its old stream has ended; it asks for each certificate
#: on a stream of its own.
STREAMS = 64
ANSWER_SECONDS = 30.0


@dataclass(slots=True)
class _Connection:
    stream: Stream
    outbox: queue.SimpleQueue[Any]
    node: str = ""


class ConnectionLost(Exception):
    """The proxy's stream ended while its answer was awaited."""


class AdsServer:
    """Serves one proxy over ADS, and files over SDS, on a loopback port chosen by the system."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._store: Store = {}
        self._version = 0
        self._connection: _Connection | None = None
        self._lost = False
        self._grpc = grpc.server(ThreadPoolExecutor(STREAMS, thread_name_prefix="ads"))
        protos.add_ads_servicer(self._grpc, self._serve)
        protos.add_sds_servicer(self._grpc, agentsecrets.serve)
        self.port = self._grpc.add_insecure_port("127.0.0.1:0")

    def start(self) -> None:
        """Begin to accept the proxy."""
        self._grpc.start()

    def stop(self) -> None:
        """End every stream and free the port."""
        self._grpc.stop(grace=None).wait(ANSWER_SECONDS)

    def publish(self, resources: Mapping[str, Iterable[tuple[str, Mapping[str, Any]]]]) -> None:
        """Replace what is served: per type URL, (name, resource in Envoy's JSON form) pairs.

        Only what changed is sent. A type that is left out stays as it is.
        """
        packed = {
            type_url: {name: Packed.of(name, body, type_url) for name, body in pairs}
            for type_url, pairs in resources.items()
        }
        with self._changed:
            self._store |= packed
            self._version += 1
            if self._connection:
                for answer in self._connection.stream.due(self._store):
                    self._connection.outbox.put(answer)
            self._changed.notify_all()

    def settle(self, within: float = ANSWER_SECONDS) -> tuple[Refusal, ...]:
        """Wait until the proxy answered all that was sent; return the refusals that stand.

        Raises waiting.TimedOut with the state of the stream if it does not answer in time, and
        ConnectionLost if the proxy goes away.
        """
        waiting.until_signalled(
            self._changed,
            self._answered,
            what="the proxy's answer to the configuration it was sent",
            within=within,
            last=lambda: self._connection.stream if self._connection else "no proxy has connected",
        )
        with self._changed:
            return tuple(r for r in self._stream().refusals() if self._served(r))

    def _answered(self) -> bool:
        if self._connection is None:
            return self._lost
        stream = self._connection.stream
        return stream.started() and stream.settled()

    def _served(self, refusal: Refusal) -> bool:
        # What is no longer served may stay subscribed, and refused, while an old listener drains.
        return not refusal.names or bool(
            self._store.get(refusal.type_url, {}).keys() & refusal.names
        )

    def _stream(self) -> Stream:
        if self._connection is None:
            raise ConnectionLost("the proxy closed its connection to the control plane")
        return self._connection.stream

    def unanswered(self) -> tuple[str, ...]:
        """Return the resource names that the proxy asked for and nobody could give it."""
        with self._changed:
            return self._stream().unanswered()

    def _serve(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        connection = _Connection(Stream(), queue.SimpleQueue())
        with self._changed:
            self._connection = connection
            self._lost = False
        reader = threading.Thread(
            target=self._read, args=(requests, connection), name="ads-reader", daemon=True
        )
        reader.start()
        while (answer := connection.outbox.get()) is not None:
            yield protos.DiscoveryResponse(
                version_info=str(self._version),
                type_url=answer.type_url,
                nonce=answer.nonce,
                resources=[packed.any for packed in answer.resources],
            )

    def _read(self, requests: Iterator[Any], connection: _Connection) -> None:
        try:
            for request in requests:
                with self._changed:
                    for answer in connection.stream.request(
                        request.type_url,
                        nonce=request.response_nonce,
                        names=request.resource_names,
                        error=request.error_detail.message,
                        store=self._store,
                    ):
                        connection.outbox.put(answer)
                    self._changed.notify_all()
        except grpc.RpcError:
            pass  # the proxy went away; whoever waits for its answer learns it from the wait
        finally:
            with self._changed:
                if self._connection is connection:
                    self._connection = None
                    self._lost = True
                self._changed.notify_all()
            # Without this the handler would wait for ever and keep the interpreter from ending.
            connection.outbox.put(None)
