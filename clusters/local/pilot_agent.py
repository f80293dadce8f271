"""The pilot-agent process of the local place, and the Envoy that it starts.

The agent gets a bootstrap template of ours: Istio's has listeners on all addresses.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clusters import processes, waiting
from clusters.local import confinement
from clusters.local.envoy import DRAIN_SECONDS
from clusters.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusters.pilot.node import Node

START_SECONDS = 30.0
TEMPLATE = Path(__file__).with_name("envoy_bootstrap.json.tmpl")
#: `wasm` tells what becomes of modules, `xdsproxy` what passes through the agent.
SCOPES = "default:info,wasm:debug,xdsproxy:debug"
POD = "istio-ingressgateway"
ENVOY_ENDED = "Envoy exited"
#: As Kubernetes' downward API writes a pod's annotations. The agent's own status port would be open
#: to the network; 0 keeps it shut, and is accepted in this place alone.
ANNOTATIONS = 'status.sidecar.istio.io/port="0"\n'
#: Nobody listens there: the real one is free to choose, and the agent needs none to be stopped.
NO_PORT = 1

# The agent gives Envoy its arguments and has no room for more. So it is given this program: an
# Envoy on any free admin port, with a log of its own, that ends with the agent however that ends.
LAUNCHER = """\
#!{python} -IS
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
log = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
os.dup2(log, 1), os.dup2(log, 2)
open({pid!r}, "w").write(str(os.getpid()))
os.execv({envoy!r}, [{envoy!r}, *sys.argv[1:], "--admin-address-path", {address!r}])
"""


@dataclass(frozen=True, slots=True)
class PilotAgent:
    """A running agent and the proxy that it started."""

    process: processes.Process
    proxy: Proxy
    pid_file: Path

    def envoy_pid(self) -> int:
        """Return the process id of the proxy."""
        return int(self.pid_file.read_text())

    def check(self) -> None:
        """Raise processes.ProcessFailed, with the last words, if the proxy or the agent ended."""
        _check(self.process, self.proxy.log)

    def stop(self) -> None:
        """End the agent and its proxy at once."""
        self.proxy.close()
        # It would drain for seconds what nobody uses any more.
        self.process.kill()


def start(
    binary: Path,
    envoy: Path,
    node: Node,
    discovery: str,
    folder: Path,
    variables: Mapping[str, str],
) -> PilotAgent:
    """Start the agent of a gateway in `folder`; it starts Envoy and connects to `discovery`.

    `variables` are added to its environment. Raises processes.ProcessFailed, with the last words
    of who failed, unless Envoy tells its admin address.
    """
    modules, run = folder / "modules", folder / "agent"
    modules.mkdir(exist_ok=True)
    annotations = run / "etc/istio/pod/annotations"
    annotations.parent.mkdir(parents=True, exist_ok=True)
    annotations.write_text(ANNOTATIONS)
    address, log = run / "admin-address", folder / "envoy.log"
    address.unlink(missing_ok=True)
    launcher = run / "envoy"
    pid = run / "envoy.pid"
    paths = {"log": log, "envoy": envoy, "address": address, "pid": pid}
    launcher.write_text(
        LAUNCHER.format(python=sys.executable, **{key: str(path) for key, path in paths.items()})
    )
    launcher.chmod(0o755)
    command = [
        *processes.with_environment(_environment(node, launcher, discovery) | dict(variables)),
        sys.executable,
        "-IS",
        confinement.__file__,
        str(modules),
        str(binary),
        "proxy",
        "router",
        f"--domain={node.namespace}.svc.cluster.local",
        # `misc` only tells of deprecated fields that Istio itself sends.
        "--proxyLogLevel=warning,misc:error",
        f"--log_output_level={SCOPES}",
    ]
    process = processes.start("pilot-agent", command, log=folder / "agent.log", folder=run)

    def told() -> str:
        _check(process, log)
        return address.read_text() if address.exists() else ""

    try:
        host, _, port = waiting.until(
            told,
            lambda text: ":" in text,
            what="the agent starting Envoy, and Envoy telling its admin address",
            within=START_SECONDS,
            every=0.01,
        ).rpartition(":")
    except waiting.TimedOut as error:
        process.kill()
        said = process.log_tail() or "(it printed nothing)"
        raise processes.ProcessFailed(
            f"{error}\nlast seen in {process.log}:\n{said}\nHint: {envoy} --version"
        ) from error
    except BaseException:
        process.kill()
        raise
    return PilotAgent(process, Proxy(host, int(port), log), pid)


def _check(process: processes.Process, log: Path) -> None:
    if process.ended() is None:
        return
    last = process.log_tail().splitlines()
    if ended := next((line for line in last if ENVOY_ENDED in line), ""):
        said = log.read_text(errors="replace")[-2000:].strip() if log.exists() else ""
        raise processes.ProcessFailed(
            f"Envoy ended by itself, and the agent with it: {ended.rpartition(chr(9))[2]}\n"
            f"last seen in {log}:\n{said or '(it printed nothing)'}"
        )
    process.check()


def _environment(node: Node, launcher: Path, discovery: str) -> dict[str, str]:
    proxy_config = {
        "binaryPath": str(launcher),
        # Relative, from where it works: a socket there must have a name of at most 107 bytes.
        "configPath": "./etc/istio/proxy",
        "discoveryAddress": discovery,
        "controlPlaneAuthPolicy": "NONE",
        "proxyAdminPort": NO_PORT,
        "concurrency": 1,
        "drainDuration": f"{DRAIN_SECONDS}s",
    }
    return {
        "POD_NAME": POD,
        "POD_NAMESPACE": node.namespace,
        "INSTANCE_IP": node.ip,
        "ISTIO_META_CLUSTER_ID": "Kubernetes",
        "ISTIO_META_ISTIO_VERSION": node.version,
        "ISTIO_METAJSON_LABELS": json.dumps(dict(node.labels)),
        "PILOT_CERT_PROVIDER": "none",
        "FILE_MOUNTED_CERTS": "true",
        "XDS_AUTH_PROVIDER": "",
        "PROXY_XDS_DEBUG_VIA_AGENT": "false",
        "GRPC_XDS_BOOTSTRAP": "",
        "ISTIO_BOOTSTRAP": str(TEMPLATE),
        "PROXY_CONFIG": json.dumps(proxy_config),
    }
