"""Where checks ran: which release on which proxy, and how each is told from the others."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reports.model import Check, Requirement, Summary


@dataclass(frozen=True, slots=True)
class Combination:
    """A release and the version of the proxy; both empty for what needs no gateway."""

    release: str
    proxy: str


def of(row: Check | Summary) -> Combination:
    """Return where a check ran, or what a summary is about."""
    return Combination(row.release, row.proxy)


def combinations(rows: Iterable[Check | Summary]) -> tuple[Combination, ...]:
    """Return where anything ran, by release and then by proxy, 1.9 before 1.18."""
    found = {of(row) for row in rows}
    return tuple(sorted(found, key=lambda each: (_order(each.release), _order(each.proxy))))


def names(among: Iterable[Combination]) -> Mapping[Combination, str]:
    """Return what tells each combination from the others; of a single one, nothing does."""
    found = tuple(among)
    releases = {each.release for each in found if each.release}
    proxies = len({each for each in found if each.release}) > len(releases)
    return {each: _name(each, len(releases) > 1, proxies, len(found)) for each in found}


def where(checks: Iterable[Check], known: Mapping[Combination, str]) -> str:
    """Return in which of the known combinations checks ran, empty where there is but one."""
    return "; ".join(filter(None, (known[each] for each in combinations(checks))))


def applies(requirement: Requirement, release: str) -> bool:
    """Tell whether a requirement holds in a release such as 1.9 or 1.9.9; any does in no release.

    It takes several, too, ``1.9.9, 1.31.0``: one of them is then enough.
    """
    asked = [numbers[:2] for numbers in map(_numbers, release.split(",")) if numbers]
    since, until = _numbers(requirement.since or "0"), _numbers(requirement.until or "999")
    return not asked or any(since <= numbers <= until for numbers in asked)


def span(requirement: Requirement) -> str:
    """Return in words from which release to which a requirement holds."""
    match requirement.since, requirement.until:
        case None, None:
            return "in every release"
        case since, None:
            return f"since Istio {since}"
        case None, until:
            return f"up to Istio {until}"
        case since, until:
            return f"from Istio {since} to {until}"


def _name(each: Combination, releases: bool, proxies: bool, count: int) -> str:
    if not each.release:
        return "any" if count > 1 else ""
    parts = [f"istio {each.release}"] * releases + [f"envoy {each.proxy}"] * proxies
    return ", ".join(parts)


def _order(text: str) -> tuple[tuple[int, ...], str]:
    return _numbers(text), text


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))
