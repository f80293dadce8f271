"""At which release documents stop working: explanations of successive releases, compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from clusters.pilot.explain import named

if TYPE_CHECKING:
    from clusters.pilot.explain import Explanation
    from clusters.pilot.push import Outcome
    from clusters.release import Release


State = Literal["keeps", "breaks", "idle", "untold", "refused"]


@dataclass(frozen=True, slots=True)
class Change:
    """What an upgrade does to one patch, to a field, or to a document that a release refuses.

    `what` names it, `works_in` are the releases in which it takes effect, `sentence` says where it
    stops and why, or that it does not. `state` is "idle" where the last release does nothing with
    it and no earlier one did, "untold" where it cannot be told what the last one or those on either
    side of a change do, "refused" for a document; `fails` tells that the upgrade should wait.
    """

    what: str
    works_in: tuple["Release", ...]
    sentence: str
    state: State
    fails: bool


def changes(explanations: Sequence["Explanation"]) -> tuple[Change, ...]:
    """Return what changes over the explanations of successive releases, oldest first.

    There is one change for each patch, for each field that some release does not read, and for
    each text of a refusal.
    """
    seen: dict[tuple[object, ...], list[Outcome | None]] = {}
    for at, explanation in enumerate(explanations):
        for outcome in explanation.outcomes:
            patch = (outcome.document, outcome.index)
            seen.setdefault(patch, [None] * len(explanations))[at] = outcome
    patches = tuple(_change(found, explanations) for found in seen.values())
    return patches + _fields(explanations) + _refused(explanations)


def _change(found: "Sequence[Outcome | None]", explanations: Sequence["Explanation"]) -> Change:
    releases = [one.release for one in explanations]
    works = [outcome is not None and outcome.effective for outcome in found]
    untold = [outcome is not None and outcome.untold for outcome in found]
    what = next(named(one) for one in found if one is not None)
    works_in = tuple(release for release, does in zip(releases, works, strict=True) if does)
    sentences = [
        f"{_before(found[at - 1])} {releases[at - 1]} and {_after(found[at])} {releases[at]}: "
        f"{_why(found[at])}"
        for at in range(1, len(found))
        if works[at] != works[at - 1] or untold[at] != untold[at - 1]
    ]
    if not any(works) and not any(untold):
        sentences = _idle(found, releases)
    elif not sentences and untold[-1]:
        sentences = [f"cannot be told for {_names(releases)}: {_why(found[-1])}"]
    elif not sentences:
        sentences = [f"works in {_names(releases)}"]
    state = _state(works, untold)
    return Change(
        what, works_in, "; ".join(sentences), state, fails=state not in ("keeps", "untold")
    )


def _state(works: Sequence[bool], untold: Sequence[bool]) -> State:
    may = [does or might for does, might in zip(works, untold, strict=True)]
    stops = [at for at in range(1, len(may)) if may[at - 1] and not may[at]]
    if any(works[at - 1] for at in stops):
        return "breaks"
    if stops or untold[-1]:
        return "untold"
    return "keeps" if works[-1] else "idle"


def _idle(found: "Sequence[Outcome | None]", releases: Sequence["Release"]) -> list[str]:
    """Return what is said of a patch that works nowhere: each release's own reason."""
    refused = [release for release, one in zip(releases, found, strict=True) if one is None]
    seen = [(release, one) for release, one in zip(releases, found, strict=True) if one]
    sentences = [f"is refused by {_names(refused)}"] if refused else []
    names = _names(release for release, _ in seen)
    last, outcome = seen[-1]
    where = f" (in {last})" if len(seen) > 1 else ""
    return [*sentences, f"does nothing in {names}: {outcome.sentence}{where}"]


def _before(outcome: "Outcome | None") -> str:
    if outcome is None:
        return "is refused by"
    said = {"effective": "works in", "cannot tell": "cannot be told for"}
    return said.get(outcome.status, "does nothing in")


def _after(outcome: "Outcome | None") -> str:
    if outcome is None:
        return "stops working at"
    said = {"effective": "begins to work at", "cannot tell": "cannot be told for"}
    return said.get(outcome.status, "stops working at")


def _why(outcome: "Outcome | None") -> str:
    return "the release refuses it" if outcome is None else outcome.sentence


def _fields(explanations: Sequence["Explanation"]) -> tuple[Change, ...]:
    """Return what becomes of fields that some of the releases do not read."""
    ignored: dict[str, list[Release]] = {}
    for explanation in explanations:
        for document, gap in explanation.ignored:
            ignored.setdefault(f"{document} {gap.place}", []).append(explanation.release)
    return tuple(_field(what, where, explanations) for what, where in ignored.items())


def _field(
    what: str, ignoring: Sequence["Release"], explanations: Sequence["Explanation"]
) -> Change:
    reading = tuple(one.release for one in explanations if one.release not in ignoring)
    sentence = f"is not read by {_names(ignoring)}"
    if not reading:
        return Change(what, (), sentence, "idle", fails=True)
    # No field has left the API again since 1.9.
    return Change(
        what, reading, f"{sentence} and begins to be read at {reading[0]}", "keeps", fails=False
    )


def _refused(explanations: Sequence["Explanation"]) -> tuple[Change, ...]:
    """Return what releases say to documents they refuse, each text once with where it is said."""
    said: dict[str, list[Release]] = {}
    for explanation in explanations:
        for text in explanation.refusals:
            said.setdefault(text, []).append(explanation.release)
    last = explanations[-1].release
    return tuple(
        # The webhook lists its errors in lines of their own.
        Change(
            " ".join(text.split()),
            (),
            f"refused by {_names(releases)}",
            "refused",
            fails=last in releases,
        )
        for text, releases in said.items()
    )


def _names(releases: Iterable["Release"]) -> str:
    return ", ".join(map(str, releases))
