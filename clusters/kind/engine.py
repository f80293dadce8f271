"""The local Docker: whether it is there, and what images it holds."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.kind import causes
from clusters.kind.errors import PhaseFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The name of a filter that only Istio's own Envoy has, as it stands in the program.
ISTIO_FILTER = b"istio.alpn"
ENVOY = "/usr/local/bin/envoy"
DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
SECONDS = 30


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker that answers; make one with `connected`."""

    _client: Any

    def ids(self, names: Iterable[str]) -> dict[str, str]:
        """Return those of some images that are here, with their ids."""
        from docker.errors import ImageNotFound

        found = {}
        for name in names:
            try:
                found[name] = str(self._client.images.get(name).id)
            except ImageNotFound:
                continue
        return found

    def has_istio_filters(self, image: str) -> bool:
        """Tell whether the Envoy in an image that is here has the filters of Istio's own build."""
        container = self._client.containers.create(image)
        try:
            chunks, _ = container.get_archive(ENVOY)
            before = b""
            for chunk in chunks:
                # The name may lie across two chunks.
                if ISTIO_FILTER in before + chunk:
                    return True
                before = chunk[-len(ISTIO_FILTER) :]
            return False
        finally:
            container.remove(force=True)

    def node_exists(self, cluster: str) -> bool:
        """Tell whether a container of a cluster's node is there, running or not."""
        label = f"io.x-k8s.kind.cluster={cluster}"
        return bool(self._client.containers.list(all=True, filters={"label": label}))


@contextmanager
def connected() -> Iterator[Engine | None]:
    """Yield the Docker that kind will use, None where kind is told to use another provider.

    Raises PhaseFailed where it does not answer, or speaks to nobody of this user.
    """
    import docker
    from docker.context import ContextAPI
    from docker.errors import DockerException

    if os.environ.get("KIND_EXPERIMENTAL_PROVIDER", "docker") != "docker":
        yield None
        return
    # As the command docker does, which kind calls: with the context that the user chose.
    chosen = os.environ.get("DOCKER_HOST") or ContextAPI.get_current_context().Host
    address = chosen or DEFAULT_ADDRESS
    try:
        _knock(address)
        client = docker.DockerClient(base_url=address, timeout=SECONDS)
        client.ping()
    except (DockerException, OSError) as error:
        raise _absent(address, error) from error
    try:
        yield Engine(client)
    finally:
        client.close()


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
