"""The local Docker: whether it is there, and what images it holds."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.kind import causes
from clusters.kind.errors import PhaseFailed
from clusters.kind.interrupts import deferred
from clusters.kind.kind_config import GATEWAY_NODE_PORT, SPARE_NODE_PORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: The name of a filter that only Istio's own Envoy has, as it stands in the program.
ISTIO_FILTER = b"istio.alpn"
ENVOY = "/usr/local/bin/envoy"
DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
SECONDS = 30


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker that answers; make one with `connected`."""

    address: str
    _client: Any

    def ids(self, names: Iterable[str]) -> dict[str, str]:
        """Return those of some images that are here, with their ids."""
        from docker.errors import ImageNotFound

        found = {}
        with _errors(self.address):
            for name in names:
                try:
                    found[name] = str(self._client.images.get(name).id)
                except ImageNotFound:
                    continue
        return found

    def nodes(self, cluster: str) -> list[tuple[int, ...]]:
        """Return, for each node of a cluster of kind, the ports that lead to its gateway.

        They belong to a node's container from its first moment, running or not.
        """
        with _errors(self.address):
            found = self._client.containers.list(
                all=True,
                filters={"label": f"io.x-k8s.kind.cluster={cluster}"},
                ignore_removed=True,
            )
        return [_gateway_ports(each.attrs) for each in found]

    def has_istio_filters(self, image: str) -> bool:
        """Tell whether the Envoy in an image that is here has the filters of Istio's own build."""
        # A container that was made while its maker was interrupted would stay.
        with _errors(self.address), deferred():
            container = self._client.containers.create(image)
            try:
                return _is_in(container.get_archive(ENVOY)[0])
            finally:
                container.remove(force=True)


def _gateway_ports(node: Mapping[str, Any]) -> tuple[int, ...]:
    bound = node["HostConfig"].get("PortBindings") or {}
    wanted = [bound.get(f"{port}/tcp") or [] for port in (GATEWAY_NODE_PORT, SPARE_NODE_PORT)]
    return tuple(int(each["HostPort"] or 0) for several in wanted for each in several)


def _is_in(chunks: Iterable[bytes]) -> bool:
    before = b""
    for chunk in chunks:
        # The name may lie across two chunks.
        if ISTIO_FILTER in before + chunk:
            return True
        before = chunk[-len(ISTIO_FILTER) :]
    return False


@contextmanager
def connected() -> Iterator[Engine | None]:
    """Yield the Docker that kind will use, None where kind is told to use another provider.

    Raises PhaseFailed where it does not answer, or speaks to nobody of this user.
    """
    import docker
    from docker.context import ContextAPI

    if os.environ.get("KIND_EXPERIMENTAL_PROVIDER", "docker") != "docker":
        yield None
        return
    # As the command docker does, which kind calls: with the context that the user chose.
    chosen = os.environ.get("DOCKER_HOST") or ContextAPI.get_current_context().Host
    address = chosen or DEFAULT_ADDRESS
    with _errors(address):
        _knock(address)
        client = docker.DockerClient(base_url=address, timeout=SECONDS)
        client.ping()
    try:
        yield Engine(address, client)
    finally:
        client.close()


@contextmanager
def _errors(address: str) -> Iterator[None]:
    """Turn errors of a Docker that does not answer, or not as it should, into PhaseFailed."""
    from docker.errors import DockerException

    try:
        yield
    except (DockerException, OSError) as error:  # those of requests are OSErrors
        raise _absent(address, error) from error


def _knock(address: str) -> None:
    """Raise OSError where a socket in the file system does not let this user in.

    The docker package leaves its own socket open when that happens.
    """
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(SECONDS)
            caller.connect(address.removeprefix("unix://"))


def _absent(address: str, error: Exception) -> PhaseFailed:
    said = str(error)
    if isinstance(error, PermissionError):
        said = f"permission denied at the socket of Docker ({said})"
    elif isinstance(error, OSError):
        said = f"cannot connect to the Docker daemon ({said})"
    return PhaseFailed(
        f"Docker does not answer at {address}\nlast seen: {said}\n"
        f"{causes.explain(said, otherwise='docker info')}"
    )
