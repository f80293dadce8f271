"""Image references: registry, repository, tag, digest.

Facts: github.com/google/go-containerregistry/pkg/name, which pilot-agent parses them with.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Self

DEFAULT_REGISTRY = "index.docker.io"
_REPOSITORY = re.compile(r"[a-z0-9_\-./]{2,255}")
_TAG = re.compile(r"[A-Za-z0-9_\-.]{1,128}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")
_LOCAL = re.compile(r"(localhost|.*\.localhost|127\.0\.0\.1|\[?::1\]?)(:\d{1,5})?")
_PRIVATE = tuple(
    ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)


class InvalidReference(ValueError):
    """Not an image reference; the text is the agent's."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One image: registry "host:port", repository "a/b", and a tag, or a digest instead of it."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the reference in "host:port/a/b:tag" or "…@sha256:…"; raises InvalidReference."""
        name, _, digest = text.partition("@")
        before, colon, last = name.rpartition(":")
        # A colon before a slash belongs to the port.
        tagged = colon and "/" not in last
        path, tag = (before, last) if tagged else (name, "")
        first, slash, rest = path.partition("/")
        named = slash and (first == "localhost" or "." in first or ":" in first)
        registry, repository = (first, rest) if named else (DEFAULT_REGISTRY, path)
        valid = (
            _REPOSITORY.fullmatch(repository)
            and (not tagged or _TAG.fullmatch(tag))
            and ("@" not in text or _DIGEST.fullmatch(digest))
        )
        if not valid:
            raise InvalidReference(f"could not parse reference: {text}")
        if registry in (DEFAULT_REGISTRY, "docker.io"):
            registry = DEFAULT_REGISTRY
            repository = repository if "/" in repository else f"library/{repository}"
        return cls(registry, repository, "" if digest else tag or "latest", digest)

    @property
    def context(self) -> str:
        """The name without tag and digest; modules are cached under it."""
        return f"{self.registry}/{self.repository}"

    @property
    def identifier(self) -> str:
        """What a manifest is asked for by."""
        return self.digest or self.tag

    @property
    def local(self) -> bool:
        """Whether plain HTTP may be spoken to the registry without being told so."""
        if _LOCAL.fullmatch(self.registry):
            return True
        try:
            address = ipaddress.ip_address(self.registry.split(":")[0])
        except ValueError:
            return False
        return address.version == 4 and any(address in network for network in _PRIVATE)

    def __str__(self) -> str:
        separator = "@" if self.digest else ":"
        return f"{self.context}{separator}{self.identifier}"
