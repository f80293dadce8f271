"""The running proxy, seen through its admin interface and its log."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters import redaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Envoy's main thread answers nothing while it compiles a module, seconds for a Go one.
ADMIN_SECONDS = 30.0


class AdminUnreachable(Exception):
    """The admin interface of the proxy gave no usable answer."""


@dataclass(frozen=True, slots=True)
class ListenerState:
    """One entry of the listener dump, reduced to what decides whether it serves."""

    name: str
    active: dict[str, Any] | None
    warming: bool
    draining: bool
    error: str

    def http_filters(self) -> list[list[dict[str, Any]]]:
        """Return the HTTP filters of each connection manager that serves, in order."""
        chains = (self.active or {}).get("filter_chains", [])
        return [
            network["typed_config"].get("http_filters", [])
            for chain in chains
            for network in chain.get("filters", [])
            if network["name"] == "envoy.filters.network.http_connection_manager"
        ]


@dataclass(frozen=True, slots=True)
class Proxy:
    """An Envoy process that answers on `host`:`port` of its admin interface.

    `connection` opens another way there where that address is not one of this machine's.
    """

    host: str
    port: int
    log: Path
    connection: Callable[[], http.client.HTTPConnection] | None = None
    _kept: list[http.client.HTTPConnection] = field(default_factory=list, compare=False, repr=False)

    def _ask(self, path: str) -> tuple[int, bytes]:
        # One connection is kept: the gate asks after every change, and a new one costs as much
        # as the question. Two threads never share it. The kept one may have ended meanwhile.
        ways = [*([self._kept.pop()] if self._kept else []), self._connection()]
        for connection in ways:
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                told = answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                failure = error
                continue
            self._kept.append(connection)
            return told
        raise AdminUnreachable(
            f"the proxy's admin interface at {self.host}:{self.port} did not answer {path}: "
            f"{failure}\nlast seen in its log {self.log}:\n"
            f"{redaction.words(self.log_since(0))[-2000:]}"
        ) from failure

    def _connection(self) -> http.client.HTTPConnection:
        if self.connection is not None:
            return self.connection()
        return http.client.HTTPConnection(self.host, self.port, timeout=ADMIN_SECONDS)

    def read(self, path: str) -> str:
        """Return the text of an admin page; raise AdminUnreachable on anything but 200."""
        status, body = self._ask(path)
        if status != http.client.OK:
            raise AdminUnreachable(f"admin page {path} answered {status}: {body[:200]!r}")
        return body.decode("utf-8", "replace")

    def state(self) -> str:
        """Return what /ready says: LIVE, INITIALIZING, PRE_INITIALIZING or DRAINING."""
        return self._ask("/ready")[1].decode().strip()

    def version(self) -> str:
        """Return the version of the running binary, such as 1.40.0."""
        return str(json.loads(self.read("/server_info"))["version"]).split("/")[1]

    def addresses(self) -> dict[str, tuple[str, int]]:
        """Return the address and port on which each listener really listens, by its name.

        Those that listen on a path have neither and are left out.
        """
        statuses = json.loads(self.read("/listeners?format=json")).get("listener_statuses", [])
        found = {}
        for status in statuses:
            if address := status["local_address"].get("socket_address"):
                found[status["name"]] = (address["address"], address["port_value"])
        return found

    def listeners(self) -> dict[str, ListenerState]:
        """Return the state of every dynamic listener, by name."""
        dump = json.loads(self.read("/config_dump?resource=dynamic_listeners"))
        states = [_listener_state(entry) for entry in dump.get("configs", [])]
        return {state.name: state for state in states}

    def clusters(self, pattern: str) -> set[str]:
        """Return the names of the clusters in use, from the control plane, that match a pattern."""
        query = f"resource=dynamic_active_clusters&name_regex={pattern}"
        dump = json.loads(self.read(f"/config_dump?{query}"))
        return {each["cluster"]["name"] for each in dump.get("configs", [])}

    def extensions(self) -> dict[str, Any]:
        """Return the proxy's dump of the extensions it got by name, whether it took them or not."""
        status, body = self._ask("/config_dump?resource=ecds_filters")
        if status == http.client.NOT_FOUND:  # it has never asked for one
            return {}
        found: dict[str, Any] = json.loads(body)
        return found

    def warming_secrets(self) -> set[str]:
        """Return the names of the secrets that the proxy asked for and was not given."""
        dump = json.loads(self.read("/config_dump?resource=dynamic_warming_secrets"))
        return {each["name"] for each in dump.get("configs", [])}

    def drain_seconds(self) -> float:
        """Return how long a listener that was replaced or removed lives on."""
        told = json.loads(self.read("/server_info"))["command_line_options"]["drain_time"]
        return float(str(told).removesuffix("s"))

    def config_dump(self) -> str:
        """Return the whole configuration dump, endpoints included, as JSON text."""
        return self.read("/config_dump?include_eds")

    def stats(self, pattern: str = "") -> dict[str, int]:
        """Return the counters and gauges whose name matches a regular expression."""
        query = f"&filter={pattern}" if pattern else ""
        entries = json.loads(self.read(f"/stats?format=json{query}")).get("stats", [])
        # Text readouts (control_plane.identifier) have a value too, which is no number.
        return {e["name"]: e["value"] for e in entries if isinstance(e.get("value"), int)}

    def machines(self) -> int:
        """Return how many Wasm virtual machines there are, several for each module and vm_id."""
        return sum(self.stats(r"^wasm\..*\.active$").values())

    def allocated(self) -> int:
        """Return the bytes that the proxy has allocated now, V8's own part among them.

        The memory that a module itself sees is mapped, not allocated, and comes on top.
        """
        return int(json.loads(self.read("/memory"))["allocated"])

    def close(self) -> None:
        """Let go of the kept connection."""
        while self._kept:
            self._kept.pop().close()

    def log_size(self) -> int:
        """Return where the log ends now, in bytes, for a later `log_since`."""
        return self.log.stat().st_size if self.log.exists() else 0

    def log_since(self, offset: int) -> str:
        """Return what the proxy logged after `offset` bytes."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(offset)
            return file.read().decode("utf-8", "replace")


def _listener_state(entry: dict[str, Any]) -> ListenerState:
    active = entry.get("active_state", {}).get("listener")
    return ListenerState(
        # An entry that holds only an error has no name of its own.
        name=entry.get("name", ""),
        active=active,
        warming="warming_state" in entry,
        draining="draining_state" in entry,
        error=entry.get("error_state", {}).get("details", ""),
    )
