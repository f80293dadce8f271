"""Publishes modules to the image registry of the user's choice instead of the file server."""

from filters import docker_config, images, registry
from filters.images import Image
from filters.module import Module
from filters.publish import FileServer
from filters.registry import Target

LAYOUT = "compat"


class RegistryPublisher(FileServer):
    """A file server, for what misbehaves, whose modules go to a registry."""

    def __init__(self, target: Target) -> None:
        """Take credentials from the docker configuration; raises UnusableCredentials."""
        super().__init__()
        self._target = target
        self._credentials = docker_config.credentials(target.host)
        self._pushed: dict[str, str] = {}  # sha256 -> URL

    def publish(self, module: Module) -> str:
        """Return the `oci://` URL of a module, by digest; raises PushFailed."""
        if module.sha256 not in self._pushed:
            self._pushed[module.sha256] = f"oci://{self._push(module)}"
        return self._pushed[module.sha256]

    def checksum(self, module: Module) -> str:
        """Return the sha256 of the module's manifest, which is what an agent compares."""
        return _image(module).checksum

    def _push(self, module: Module) -> str:
        # A tag for each content: runs side by side, and other filters, keep theirs.
        tag = self._target.tag or f"{module.name}-{module.sha256[:12]}"
        to = Target(self._target.host, self._target.repository, tag)
        return registry.push(_image(module), to, self._credentials).pinned


def _image(module: Module) -> Image:
    return images.build(module.read(), LAYOUT)
