"""Which places a run covers, by its options: on this machine, in a kind cluster, in anybody's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

from clusters import cache, matrix, release
from clusters.cluster import Cluster
from clusters.local import envoy, loopback
from clusters.local import place as local
from clusters.local.binaries import BinariesMissing, WrongBinary, store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from clusters.release import Release

    #: Gives the value of an option by its name on the command line.
    Option = Callable[[str], Any]
    #: Takes text for the user, with line ends where they belong.
    Tell = Callable[[str], None]

LOCAL, KIND, EXISTING = "local", "kind", "existing"
NAMES = (LOCAL, KIND, EXISTING)

#: Options that only the local place heeds, with what they are where nobody gives them.
_ONLY_LOCAL: dict[str, object] = {
    "--control-plane": local.EMBEDDED,
    "--istiod-bin": None,
    "--agent-bin": None,
    "--proxy": None,
}


class Running(Cluster, Protocol):
    """A cluster that the plugin keeps for a run."""

    def mark(self) -> None:
        """Let the evidence of a test begin here."""


class Proxy(Protocol):
    """The proxy of a place: its version, and where it is from."""

    @property
    def version(self) -> str:
        """Return the version."""

    @property
    def path(self) -> Path | str:
        """Return the path of the program, or the name of the image."""


class Place(Protocol):
    """What will run, said in words; see `local.place.Place` and `kube.place.KubePlace`."""

    @property
    def asked(self) -> str:
        """Return the release as it was asked for."""

    @property
    def release(self) -> Release:
        """Return the release whose rules count."""

    @property
    def proxy(self) -> Proxy:
        """Return the proxy."""

    @property
    def emulated(self) -> bool:
        """Return whether this project stands for istiod and its agent."""

    @property
    def semantics(self) -> str:
        """Return whose rules decide what becomes of documents."""

    @property
    def header(self) -> list[str]:
        """Return lines that say what was asked for and what really runs."""

    @property
    def facts(self) -> dict[str, str]:
        """Return the same for the report."""

    @property
    def disagreements(self) -> list[str]:
        """Return what istiod did otherwise than the embedded control plane would have."""

    def second(self, base: str, folder: Path) -> AbstractContextManager[Running] | None:
        """Run a gateway beside the first, None where there is only one."""

    def running(self, base: str, folder: Path) -> AbstractContextManager[Running]:
        """Run the gateway with the `base` documents for as long as the block lasts."""


class Misplaced(ValueError):
    """An option that means nothing for the place that was asked for."""


def errors() -> tuple[type[Exception], ...]:
    """Return what `chosen` raises, each one message for the user."""
    from clusters.existing import place, survey
    from clusters.kind.errors import KindError

    return (
        Misplaced,
        KindError,
        place.SeveralReleases,
        survey.BadLabels,
        *survey.ERRORS,
        release.UnknownRelease,
        matrix.Indistinct,
        cache.CacheUnwritable,
        envoy.EnvoyMissing,
        loopback.NoLoopback,
        BinariesMissing,
        WrongBinary,
        store.Corrupted,
        local.OptionMisplaced,
        local.NotFollowed,
    )


def failures() -> tuple[type[Exception], ...]:
    """Return how a gateway fails to come up or to go, each told by its text alone."""
    from clusters.apply import KubeError
    from clusters.gate import NotProven
    from clusters.kind.errors import KindError
    from clusters.kube.cluster import NoGatewayAnswer
    from clusters.local.istiod import IstiodFailed
    from clusters.pilot.documents import InvalidDocument
    from clusters.processes import ProcessFailed
    from clusters.proxy import AdminUnreachable
    from clusters.waiting import TimedOut

    ended = (ProcessFailed, IstiodFailed, AdminUnreachable, NoGatewayAnswer, KindError, KubeError)
    # In a check these are a verdict; here they are about the base documents.
    return (*losses(), *ended, cache.CacheUnwritable, NotProven, InvalidDocument, TimedOut)


def losses() -> tuple[type[Exception], ...]:
    """Return what says in the middle of a check that a cluster's gateway is not to be had."""
    from clusters.apply import Unreachable
    from clusters.kube.channels import Untold
    from clusters.kube.gateway_pods import NoGateway
    from clusters.kube.istiod import IstiodUnreachable
    from clusters.kube.relay_pod import RelayFailed
    from clusters.kube.rollout import NoDeployment
    from clusters.kube.tunnel import TunnelBroken

    in_pods = (NoGateway, IstiodUnreachable, Untold, NoDeployment, RelayFailed, TunnelBroken)
    return Unreachable, *in_pods


def chosen(option: Option, tell: Tell) -> tuple[Place, ...]:
    """Return the places of a run; `tell` is for those that take time to come up later on."""
    name = option("--cluster")
    if name == KIND:
        from clusters.kind import place

        _refuse(name, option, _ONLY_LOCAL | _only_existing())
        return place.places(option, tell)
    if name == EXISTING:
        from clusters.existing import place as existing

        images = {"--hub": None} | _only_kind()
        images.pop("--standin-image")  # the relay runs on it, too
        _refuse(name, option, _ONLY_LOCAL | images)
        return existing.places(option, tell)
    _refuse(name, option, _only_kind() | _only_existing())
    return matrix.places(
        option("--istio"),
        option("--proxy"),
        control_plane=option("--control-plane"),
        wanted=local.Wanted(
            istiod=option("--istiod-bin"),
            agent=option("--agent-bin"),
            hub=option("--hub"),
            allow_version_skew=option("--allow-version-skew"),
        ),
        tell=lambda text: print(text, file=sys.stderr),  # pytest has no terminal yet
    )


def _only_kind() -> dict[str, object]:
    from clusters.kind import options

    return {each: how.get("default") for each, how in options.OWN.items()}


def _only_existing() -> dict[str, object]:
    from clusters.existing import options

    return {each: how.get("default") for each, how in options.OWN.items()}


def _refuse(name: str, option: Option, defaults: Mapping[str, object]) -> None:
    """Raise Misplaced where one of some options has not the value that nobody gave it."""
    for each, default in defaults.items():
        if option(each) != default:
            raise Misplaced(
                f"{each} means nothing for --cluster={name}, and was given as {option(each)}\n"
                f"Hint: leave out {each}, or choose another place by --cluster"
            )
