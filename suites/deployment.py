"""A filter at work: its module published, put in front of every route, and proven there."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    #: As a filter reads it: JSON text, or what becomes JSON text.
    Configuration = Mapping[str, Any] | str
    #: Whether the gateway, given as the argument, shows that the filter acts.
    Proof = Callable[[Any], bool]


class Module(Protocol):
    """What a suite needs to know of a built filter."""

    @property
    def name(self) -> str:
        """Return the name that its documents get."""

    @property
    def sha256(self) -> str:
        """Return the digest that its documents pin."""


class Publisher(Protocol):
    """Where modules are fetched from."""

    def publish(self, module: Any) -> str:
        """Return the URL of a module."""

    def checksum(self, module: Any) -> str:
        """Return the `sha256` that goes with this URL."""


class Cluster(Protocol):
    """What a suite asks of a place."""

    def render(self, url: str, configuration: str, *, name: str, sha256: str, vm_id: str) -> str:
        """Return documents, under a name not used before, for a published module."""

    def applied(
        self, documents: str, *, proof: Proof | None = None
    ) -> AbstractContextManager[object]:
        """Apply documents, prove that they took effect, take them back."""

    def delivered(self, documents: str) -> AbstractContextManager[Any]:
        """Apply documents whatever becomes of them, take them back."""


#: How often a proof looks at a filter that shows no effect; each look takes some milliseconds.
LOOKS = 100

#: Stands for the configuration in rendered documents; YAML writes it without quotes.
PLACEHOLDER = "configuration-goes-here"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A filter in front of every route; `template` holds its documents without configuration."""

    cluster: Cluster
    template: str

    def documents(self, configuration: Configuration) -> str:
        """Return the documents that give the filter a configuration."""
        # A JSON string is a YAML string too, so any text survives the way into the document.
        return self.template.replace(PLACEHOLDER, json.dumps(as_text(configuration)))

    def changed(self, configuration: Configuration) -> AbstractContextManager[Any]:
        """Give the same filter another configuration; yields what became of it (a Delivery)."""
        return self.cluster.delivered(self.documents(configuration))


@dataclass(slots=True)
class Patient:
    """A proof that gives up after some looks, once, and says yes.

    By then the place has proven by the proxy itself that the filter is there. That it does nothing
    is for the checks to say, one by one, and no reason to run none.
    """

    proof: Proof
    looks: int = 0

    def __call__(self, gateway: Any) -> bool:
        """Tell whether the filter acts, or has been given time enough to."""
        if self.proof(gateway):
            return True
        self.looks = (self.looks + 1) % LOOKS
        return self.looks == 0


@dataclass(frozen=True, slots=True)
class Deployer:
    """Puts filters in front of every route of one cluster."""

    cluster: Cluster
    publisher: Publisher

    @contextmanager
    def __call__(
        self, module: Module, configuration: Configuration, *, proof: Proof, **options: Any
    ) -> Iterator[Deployment]:
        """Yield once the filter is in place and acts.

        `proof` tells whether it acts, and must not hold before. The options are those of the
        place's `render`; filters with one `vm_id` share a virtual machine.
        """
        template = self.cluster.render(
            self.publisher.publish(module),
            PLACEHOLDER,
            name=module.name,
            sha256=self.publisher.checksum(module),
            **options,
        )
        deployment = Deployment(self.cluster, template)
        with self.cluster.applied(deployment.documents(configuration), proof=Patient(proof)):
            yield deployment


def as_text(configuration: Configuration) -> str:
    """Return a configuration as a filter reads it; text stays as it is, valid JSON or not."""
    if isinstance(configuration, str):
        return configuration
    return json.dumps(configuration, ensure_ascii=False)
