"""`python -m clusters binaries`: istiod, its agent and Envoy for `--control-plane=istiod`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusters import cache, release
from clusters.commands.refusal import Refused
from clusters.local.binaries import (
    DEFAULT_HUB,
    WrongBinary,
    blobs,
    building,
    failures,
    golang,
    pins,
    store,
)
from clusters.local.binaries.progress import Progress, amount

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    Done = tuple[str, int]
    Get = Callable[[release.Release, Progress], tuple[store.Entry, bool]]

ERRORS = (
    building.BuildFailed,
    cache.CacheUnwritable,
    golang.GoMissing,
    failures.FetchFailed,
    WrongBinary,
)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and what it can do."""
    parser = commands.add_parser(
        "binaries", help="get istiod, pilot-agent and Envoy", description=__doc__
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    action = actions.add_parser("list", help="show what is in the cache and what can be built")
    action.set_defaults(run=_list)
    action = actions.add_parser("fetch", help="take them out of the official images, no Docker")
    _offer_releases(action)
    action.add_argument(
        "--hub", default=DEFAULT_HUB, metavar="HOST/PATH", help="default: %(default)s"
    )
    action.set_defaults(run=_fetch)
    action = actions.add_parser("build", help="build istiod and the agent with Go")
    _offer_releases(action)
    action.set_defaults(run=_build)


def _offer_releases(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--istio",
        action="append",
        metavar="RELEASE",
        help=f"such as 1.31 or 1.24.0; repeatable (default: {release.LATEST})",
    )


def _list(_: argparse.Namespace) -> Done:
    lines = []
    for entry in store.entries():
        lines.append(f"{entry.version}: {', '.join(entry.files)} · {entry.origin}")
        lines.append(f"  {_size(entry)} in {entry.folder}{_damage(entry)}")
    if not lines:
        lines.append(f"there are no binaries in {store.root()}")
    if unfinished := blobs.unfinished(store.blobs()):
        lines.append(f"{amount(unfinished)} of unfinished downloads in {store.blobs()}")
    can = ", ".join(pin.version for pin in pins.KNOWN)
    lines.append(f"Go can build: {can} (python -m clusters binaries build --istio=RELEASE)")
    return "".join(f"{line}\n" for line in lines), 0


def _size(entry: store.Entry) -> str:
    return amount(sum(stamp.size for stamp in entry.files.values()))


def _damage(entry: store.Entry) -> str:
    try:
        entry.check(thorough=True)
    except store.Corrupted as error:
        return f"\n  DAMAGED: {error}"
    return ""


def _fetch(asked: argparse.Namespace) -> Done:
    from clusters.local.binaries import fetching  # only it pays for an HTTP client

    return _each(asked, lambda wanted, progress: fetching.fetch(wanted, asked.hub, progress))


def _build(asked: argparse.Namespace) -> Done:
    return _each(asked, lambda wanted, progress: building.build(_pin(wanted), progress))


def _each(asked: argparse.Namespace, get: Get) -> Done:
    progress = Progress()
    try:
        made = [get(wanted, progress) for wanted in _releases(asked)]
    except ERRORS as error:
        raise Refused(str(error)) from error
    except OSError as error:  # such as a full disk
        raise Refused(f"{store.root()}: {error.strerror}\nHint: df -h {store.root()}") from error
    finally:
        progress.done()
    return "".join(_told(entry, made=new) for entry, new in made), 0


def _pin(wanted: release.Release) -> pins.Pin:
    if (pin := pins.of_release(wanted)) is not None:
        return pin
    can = ", ".join(pin.version for pin in pins.KNOWN)
    raise Refused(
        f"no module version is known for Istio {wanted.version}; Go can build {can}\n"
        f"Hint: python -m clusters binaries fetch --istio={wanted.version}"
    )


def _releases(asked: argparse.Namespace) -> list[release.Release]:
    try:
        return [release.find(text) for text in asked.istio or [release.LATEST]]
    except release.UnknownRelease as error:
        raise Refused(str(error)) from error


def _told(entry: store.Entry, *, made: bool) -> str:
    return (
        f"{entry.version} {'is ready' if made else 'was there'}: {entry.origin}\n  {entry.folder}\n"
    )
