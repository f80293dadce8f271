"""Explanations as lines for the terminal and as JSON for scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from clusters.explaining.aside import Aside, of_release
from clusters.pilot.explain import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clusters.pilot.explain import Explanation
    from clusters.pilot.push import Outcome
    from clusters.pilot.upgrade import Change

_NONE = "no patch in these documents\n"


def text(explanations: Sequence[Explanation], asides: Iterable[Aside]) -> str:
    """Return one line per patch and release, the releases of one patch together."""
    width = max(len(one.release.name) for one in explanations)
    lines = [
        f"{one.release.name:<{width}}  {_column(outcome)}  {named(outcome)}: {outcome.sentence}"
        for one, outcome in _by_patch(explanations)
    ]
    for one in explanations:
        # The webhook lists its errors in lines of their own.
        refusals = [" ".join(text.split()) for text in one.refusals]
        lines += [f"{one.release.name:<{width}}  refused    {text}" for text in refusals]
    left_out = [*asides, *(one for each in explanations for one in of_release(each))]
    beside = [*map(str, left_out), *_warnings(explanations)]
    said = "".join(f"{line}\n" for line in lines) or _NONE
    return said + "".join(f"{line}\n" for line in beside)


def _column(outcome: Outcome) -> str:
    return f"{outcome.status:<9}"


def _warnings(explanations: Iterable[Explanation]) -> Iterable[str]:
    """Yield each warning once: Istio has one that it gives for every EnvoyFilter."""
    said: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for one in explanations:
        for where, text in one.warnings:
            releases, places = said.setdefault(text, ({}, {}))
            releases[one.release.name] = places[where] = None
    for text, (releases, places) in said.items():
        where = next(iter(places)) if len(places) == 1 else f"{len(places)} documents"
        yield f"warning of {', '.join(releases)} ({where}): {text}"


def _by_patch(explanations: Sequence[Explanation]) -> Iterable[tuple[Explanation, Outcome]]:
    order = list(dict.fromkeys((o.document, o.index) for one in explanations for o in one.outcomes))
    for patch in order:
        for one in explanations:
            for outcome in one.outcomes:
                if (outcome.document, outcome.index) == patch:
                    yield one, outcome


def as_json(explanations: Sequence[Explanation], asides: Sequence[Aside]) -> str:
    """Return a list with one entry per release."""
    told = [
        {
            "release": one.release.name,
            "version": one.release.version,
            "patches": [_plain(outcome) for outcome in one.outcomes],
            "refusals": list(one.refusals),
            "notLookedAt": [each.plain() for each in (*asides, *of_release(one))],
            "warnings": [f"{where}: {text}" for where, text in one.warnings],
        }
        for one in explanations
    ]
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _plain(outcome: Outcome) -> dict[str, Any]:
    kind, namespace, name = outcome.document
    return {
        "kind": kind,
        "namespace": namespace,
        "name": name,
        "patch": outcome.index,
        "applyTo": outcome.apply_to,
        "operation": outcome.operation,
        "effective": outcome.effective,
        "status": outcome.status,
        "sentence": outcome.sentence,
    }


def changes(found: Sequence[Change], asides: Iterable[Aside]) -> str:
    """Return one line per patch of what an upgrade does to it."""
    lines = [f"{one.state:<7}  {one.what}: {one.sentence}\n" for one in found]
    return ("".join(lines) or _NONE) + "".join(f"{one}\n" for one in asides)


def changes_as_json(found: Sequence[Change], asides: Iterable[Aside]) -> str:
    """Return a list with one entry per patch, and one per thing that was not looked at."""
    told: list[dict[str, Any]] = [
        {
            "what": one.what,
            "worksIn": [each.name for each in one.works_in],
            "state": one.state,
            "fails": one.fails,
            "sentence": one.sentence,
        }
        for one in found
    ]
    told += [
        {
            "what": one.what,
            "worksIn": [],
            "state": "not looked at",
            "fails": False,
            "sentence": f"{one.because}; {one.bearing.change}",
        }
        for one in asides
    ]
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
