"""What every place can do: deliver documents, prove that they took effect, take them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from clusters.gateway import Gateway
    from clusters.pilot.push import Outcome
    from clusters.proxy import Proxy
    from clusters.release import Release

    #: A question to the gateway that only the new configuration answers with yes.
    Proof = Callable[[Gateway], bool]


class NotAlterable(Exception):
    """A gateway that is not this run's own would have to be restarted or altered."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of documents on their way into the proxy.

    `outcomes` tells of each patch whether it changed anything. `fetch_failures` are the agent's
    words for modules it could not get, `agent_nack` its answer to istiod where it then held
    everything back. `refusals` are the proxy's own words. `waiting_for` names
    the extensions that the proxy asked for and nobody could give it. `log` is what the proxy
    logged meanwhile, `seconds` how long it took: from the documents to the proxy's answer, or to
    the proof of the effect where there was one.
    """

    outcomes: tuple[Outcome, ...]
    fetch_failures: tuple[str, ...]
    agent_nack: str
    refusals: tuple[str, ...]
    waiting_for: tuple[str, ...]
    log: str
    seconds: float

    @property
    def ineffective(self) -> tuple[Outcome, ...]:
        """The patches that changed nothing."""
        return tuple(outcome for outcome in self.outcomes if not outcome.effective)


class Cluster(Protocol):
    """A gateway of some Istio release, wherever it runs."""

    release: Release
    gateway: Gateway

    @property
    def proxy(self) -> Proxy:
        """Return the running proxy."""

    @property
    def process(self) -> str:
        """Return what tells the running proxy from one that was started anew."""

    def as_written(self, name: str) -> str:
        """Return a name that the proxy has, such as a cluster's, as documents for any place do."""

    def wait_for_machines(self, count: int) -> None:
        """Wait until the proxy has so many Wasm virtual machines; raises waiting.TimedOut."""

    def render(self, url: str, configuration: str, *, name: str, **options: Any) -> str:
        """Return EnvoyFilter documents that put a published module in front of every route.

        The options are those of `rendering.render`: sha256, vm_id, rbac, timeout, fail_open,
        environment.
        """

    def delivered(self, documents: str) -> AbstractContextManager[Delivery]:
        """Apply documents whatever becomes of them; take them back on exit."""

    def applied(
        self, documents: str, *, proof: Proof | None = None
    ) -> AbstractContextManager[Delivery]:
        """Apply documents and prove that they took effect; take them back and prove that too."""

    def agent_environment(self, **variables: str) -> AbstractContextManager[None]:
        """Let the agent begin anew with variables of its own environment, while the block lasts.

        They are Istio's: WASM_INSECURE_REGISTRIES, ISTIO_WASM_MAX_BINARY_SIZE_BYTES. An agent that
        begins remembers no module. Raises NotAlterable where the gateway is somebody else's.
        """

    def evidence(self, folder: Path) -> None:
        """Write what is known about the proxy since the test began."""
