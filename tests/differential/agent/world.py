"""The addresses of one case: what servers give there, and how the case calls them.

In a case, and in an answer that is kept, what is chance has a name: files.test and registry.test,
<sha256 of one>, <digest of compat one>, and <http://files.test/a.wasm> for the sum over an address,
after which the agent calls a folder.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from filters.images import Blob
from filters.publish import _Resource
from tests.differential.agent import bodies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filters.image_registry import ImageRegistry
    from tests.differential.agent.servers import BadFileServer, Servers

FILES, REGISTRY = "files.test", "registry.test"
SECRET = "<pull secret>"
#: The port of the asking end, by which Go names a connection.
_CLIENT = re.compile(r"127\.0\.0\.1:\d+->")


def _of_bodies() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, body in bodies.BODIES.items():
        digest = hashlib.sha256(body).hexdigest()
        found |= {digest: f"<sha256 of {name}>", digest.upper(): f"<SHA256 OF {name}>"}
    return found


_OF_BODIES = _of_bodies()


@dataclass(slots=True)
class World:
    """The addresses of one case."""

    servers: Servers
    _files: BadFileServer | None = None
    _registry: ImageRegistry | None = None
    _addresses: dict[str, str] = field(default_factory=dict)  # "files.test/a.wasm" -> what is real
    _sums: dict[str, str] = field(default_factory=lambda: dict(_OF_BODIES))  # in hex -> name
    _parts: dict[str, str] = field(default_factory=dict)  # of texts -> name

    def arrange(self, step: Mapping[str, Any]) -> None:
        """Let the servers give what a step says from now on."""
        if "registry" in step:
            self._change_registry(step["registry"])
        for name, told in step.get("files", {}).items():
            self._serve(name, told if isinstance(told, dict) else {"body": told})
        for name, told in step.get("images", {}).items():
            self._hold(name, told if isinstance(told, dict) else {"body": told})

    def real(self, value: Any) -> Any:
        """Return what a case writes with its names replaced by what they stand for."""
        names = {name: real for real, name in self._sums.items()} | self._addresses
        if self._registry:
            names |= {SECRET: self._registry.pull_secret, REGISTRY: self._registry.host}
        return _replaced(value, names)

    def named(self, value: Any) -> Any:
        """Return an answer with names instead of what is chance."""
        addresses = {real: name for name, real in self._addresses.items()}
        names = self._sums | self._parts | addresses
        if self._files:
            names[self._files.base.partition("//")[2]] = FILES
        if self._registry:
            names[self._registry.host] = REGISTRY
        found = _replaced(value, names)
        return _CLIENT.sub("<client>->", found) if isinstance(found, str) else found

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the addresses that only this case has, without a scheme."""
        return tuple(self._addresses.values())

    def asked(self) -> dict[str, int]:
        """Return how often each address was asked for so far, of images for a manifest."""
        counted = {}
        for name, real in self._addresses.items():
            if name.startswith(FILES) and self._files:
                counted[f"http://{name}"] = self._files.requests(f"http://{real}")
            elif self._registry:
                # By the repository; the tag is not looked at.
                counted[f"oci://{name}"] = self._registry.requests(f"oci://{real}:1")
        return {url: count for url, count in sorted(counted.items()) if count}

    def _serve(self, name: str, told: Mapping[str, Any]) -> None:
        if self._files is None:
            own = told.get("silent", False)
            self._files = self.servers.own_files() if own else self.servers.files
        files = self._files
        address = f"{FILES}/{name}"
        target = self.real(told.get("redirect", ""))
        if told.get("relative"):
            target = urlsplit(target).path
        resource = _Resource(
            bodies.BODIES[told.get("body", "nothing")],
            status=told.get("status", 302 if target else 200),
            # Without `times` for ever; a body is only given with 200.
            failures=told.get("times", -1 if {"status", "redirect"} & told.keys() else 0),
            delay=told.get("delay", 0.0),
            cut=told.get("keep"),
            location=target,
        )
        real = self._addresses.get(address) or files._add(name, resource).partition("//")[2]
        files._resources[real.partition("/")[1] + real.partition("/")[2]] = resource
        self._know(address, real, "http")
        for bad in ("together", "hanging", "silent"):
            if told.get(bad):
                getattr(files, bad).add(f"http://{real}")

    def _hold(self, name: str, told: Mapping[str, Any]) -> None:
        self._registry = registry = self._registry or self.servers.registry
        name, _, tag = name.partition(":")
        layout, body = told.get("layout", "compat"), told.get("body", "one")
        image = bodies.image(layout, body)
        address, tag = f"{REGISTRY}/{name}", tag or "1"
        if address not in self._addresses:
            served = registry.serve(image, name=name, tag=tag).removeprefix("oci://")
            self._know(address, served.rpartition(":")[0], "oci")
        real = f"oci://{self._addresses[address]}:{tag}"
        repository = self._addresses[address].partition("/")[2]
        self._parts |= {repository: name, quote(repository, safe=""): name}
        registry.move(real, image)
        self._sums[image.checksum] = f"<digest of {layout} {body}>"
        if layout.startswith("index"):
            inner = bodies.image("compat", body)
            registry._tags[repository, inner.digest] = inner.digest
            self._sums[inner.checksum] = f"<digest of compat {body}>"
        if "swapped" in told:
            other = bodies.image(told.get("swapped_layout", layout), told["swapped"])
            swapped = _sized(other.blobs[-1], len(image.blobs[-1].body)) + b"\0" * told.get(
                "longer", 0
            )
            registry._blobs[image.blobs[-1].digest] = Blob("", swapped)
        if "status" in told:
            registry.fail(real, told["status"], times=told.get("times", -1))
        if "delay" in told:
            registry.delay(real, told["delay"])
        if told.get("corrupt"):
            registry.corrupt(real)

    def _change_registry(self, told: Mapping[str, Any] | str) -> None:
        if told == "down":
            assert self._registry is not None
            self._registry.stop()
            return
        assert isinstance(told, dict)
        self._registry = self.servers.own_registry(tls=told.get("tls", False))
        if "demand" in told:
            self._registry.demand(told["demand"], realm=told.get("realm", ""))

    def _know(self, address: str, real: str, scheme: str) -> None:
        self._addresses[address] = real
        folder = hashlib.sha256(f"{scheme}://{real}".encode()).hexdigest()
        self._parts[folder] = f"<{scheme}://{address}>"


def _sized(blob: Blob, size: int) -> bytes:
    """Return the bytes at a size, which when packed depends on the packing library."""
    return blob.body[:size].ljust(size, b"\0")


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {_replaced(key, names): _replaced(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, names) for one in value]
    if not isinstance(value, str):
        return value
    for found in sorted(names, key=len, reverse=True):
        value = value.replace(found, names[found])
    return value
