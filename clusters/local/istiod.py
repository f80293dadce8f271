"""The istiod process of the local place: its start on free ports, and what it tells when asked."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters import processes, waiting
from clusters.following import Follower
from clusters.istio import dump

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 30.0
ASK_SECONDS = 10.0
#: Long enough for documents that are applied one after the other, short against any other step.
DEBOUNCE = "10ms"
ROOT_NAMESPACE = "istio-system"
MESH = f"""\
enableAutoMtls: false
enableTracing: false
ingressControllerMode: "OFF"
rootNamespace: {ROOT_NAMESPACE}
"""
#: `push` (`fullpush` until 1.2x) names the documents behind a push, `delta` each message to and
#: from a proxy: what conversation.py reads.
SCOPES = "default:info,push:debug,fullpush:debug,delta:debug"
#: Filters that only Istio's own Envoy has; any other refuses a listener that holds them.
WITHOUT_ISTIO_FILTERS = {
    "PILOT_ENABLE_METADATA_EXCHANGE": "false",
    "PILOT_ENABLE_ALPN_FILTER": "false",
}
_ADDRESS = re.compile(
    r"starting (?P<what>HTTP service|gRPC discovery service) at (?P<at>127\.0\.0\.1:\d+)"
)


class IstiodFailed(Exception):
    """istiod did not start, or does not answer; the text holds its last words."""


@dataclass(frozen=True, slots=True)
class Istiod:
    """A running istiod: `grpc` is where agents connect, `http` where it can be asked."""

    process: processes.Process
    grpc: str
    http: str

    def ask(self, path: str) -> str:
        """Return a page of its HTTP port; raise IstiodFailed on anything but 200."""
        connection = http.client.HTTPConnection(self.http, timeout=ASK_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            status, body = answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.process.check()
            raise IstiodFailed(f"istiod at {self.http} did not answer {path}: {error}") from error
        finally:
            connection.close()
        if status != http.client.OK:
            raise IstiodFailed(f"istiod answered {path} with {status}: {body[:200]}")
        return body

    def listeners(self, proxy: str) -> list[dict[str, Any]]:
        """Return the listeners that it has for a proxy, `name.namespace`, in Envoy's JSON form."""
        # Listeners only: istiod fails to write a plugin without pluginConfig as JSON.
        found = json.loads(self.ask(f"/debug/config_dump?proxyID={proxy}&types=lds"))
        return dump.listeners(found)


def start(binary: Path, kubeconfig: Path, folder: Path, *, istio_filters: bool) -> Istiod:
    """Start istiod on free loopback ports and return it once it is ready.

    `istio_filters` tells whether the proxy has the filters that only Istio's Envoy has. Raises
    processes.ProcessFailed or IstiodFailed, with its last words, if it ends or never gets ready.
    """
    mesh, log = folder / "mesh.yaml", folder / "istiod.log"
    mesh.write_text(MESH)
    environment = {
        "ENABLE_CA_SERVER": "false",
        "PILOT_ENABLE_TELEMETRY_LABEL": "false",
        "PILOT_DEBOUNCE_AFTER": DEBOUNCE,
        "XDS_AUTH": "false",
        "POD_NAMESPACE": ROOT_NAMESPACE,
    } | ({} if istio_filters else WITHOUT_ISTIO_FILTERS)
    command = [
        # Nothing of this process' own environment: istiod reads hundreds of variables.
        *processes.with_environment(environment),
        str(binary),
        "discovery",
        "--registries=Kubernetes",
        f"--kubeconfig={kubeconfig}",
        f"--meshConfig={mesh}",
        # Port 0: it says in its log what it got.
        "--grpcAddr=127.0.0.1:0",
        "--httpAddr=127.0.0.1:0",
        "--secureGrpcAddr=",
        "--httpsAddr=",
        "--monitoringAddr=",
        "--ctrlz_port=0",
        "--domain=cluster.local",
        "--clusterID=Kubernetes",
        f"--log_output_level={SCOPES}",
    ]
    process = processes.start("istiod", command, log=log, folder=folder)
    try:
        return _ready(process, binary)
    except BaseException:
        process.stop()
        raise


def _ready(process: processes.Process, binary: Path) -> Istiod:
    follower, told = Follower(process.log), dict[str, str]()

    def addresses() -> dict[str, str]:
        process.check()
        for line in follower.new_lines():
            if found := _ADDRESS.search(line):
                told[found["what"]] = found["at"]
        return told

    try:
        waiting.until(
            addresses,
            lambda seen: len(seen) == 2,
            what="istiod telling its ports",
            within=START_SECONDS,
            every=0.01,
        )
        istiod = Istiod(process, told["gRPC discovery service"], told["HTTP service"])
        waiting.until(
            lambda: _readiness(istiod),
            lambda seen: seen == "ready",
            what="istiod getting ready",
            within=START_SECONDS,
            every=0.01,
        )
    except waiting.TimedOut as error:
        raise IstiodFailed(
            f"{error}\nlast seen in {process.log}:\n{process.log_tail()}\n"
            "likely cause: the Kubernetes API did not give it all it lists and watches\n"
            f"Hint: {binary} version"
        ) from error
    return istiod


def _readiness(istiod: Istiod) -> str:
    istiod.process.check()
    try:
        istiod.ask("/ready")
    except IstiodFailed as error:
        return str(error)
    return "ready"
