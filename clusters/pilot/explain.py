"""Why each patch did or did not take effect, release by release, in words for the terminal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters.pilot import admission, fields
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.documents import InvalidDocument, NotBuilt, together
from clusters.pilot.node import INGRESS_LABELS, ingress_gateway
from clusters.pilot.push import push

if TYPE_CHECKING:
    from clusters.pilot.documents import Document
    from clusters.pilot.push import Outcome, Snapshot
    from clusters.release import Release


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one release makes of documents.

    `outcomes` has one entry per patch, in the order of the documents. `refusals` are the texts for
    documents that this release would not take at all, `warnings` what it says about those it
    takes: where the document stands, and the text. `unread` are documents that the embedded control
    plane cannot read as this release does, each with the reason; they were left out. `ignored` is
    what documents give and the release does not read.
    """

    release: "Release"
    outcomes: tuple["Outcome", ...]
    refusals: tuple[str, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    unread: tuple[tuple["Document", str], ...] = ()
    ignored: tuple[tuple["Document", fields.Missing], ...] = ()

    @property
    def holds(self) -> bool:
        """Tell whether every document is taken and every patch takes effect."""
        return not self.refusals and all(one.effective for one in self.outcomes)


def explained(
    documents: Iterable["Document"],
    releases: Iterable["Release"],
    *,
    base: Iterable["Document"] = (),
    labels: Mapping[str, str] = INGRESS_LABELS,
) -> tuple[Explanation, ...]:
    """Return one explanation per release for a gateway with these labels.

    `base` is what the gateway serves besides; nothing is told about it, and a document of the same
    name takes the place of one of these.
    """
    wanted = tuple(documents)
    keys = {one.key for one in wanted}
    other = tuple(one for one in base if one.key not in keys)
    return tuple(_explained(wanted, other, release, labels) for release in releases)


def _explained(
    wanted: tuple["Document", ...],
    other: tuple["Document", ...],
    release: "Release",
    labels: Mapping[str, str],
) -> Explanation:
    behaviours = Behaviours.of(release)
    taken, refusals, warnings = _admitted(wanted, behaviours)
    ignored = tuple((one, gap) for one in wanted for gap in fields.missing(one, behaviours))
    node = ingress_gateway(release.version, labels=labels)
    unread: list[tuple[Document, str]] = []
    while True:
        try:
            snapshot = push(together(other, taken), node, release)
            break
        except InvalidDocument as refusal:  # what only shows when documents meet
            left_out = _not_built(refusal, taken)
            if left_out is None:
                refusals = (*refusals, str(refusal))
                return Explanation(release, (), refusals, warnings, tuple(unread), ignored)
            unread.append((left_out, str(refusal).removeprefix(f"{left_out.source}: ")))
            taken = tuple(one for one in taken if one is not left_out)
    place = {document.key: index for index, document in enumerate(taken)}
    told = [one for one in snapshot.outcomes if one.document in place]
    told.sort(key=lambda one: (place[one.document], one.index))
    return Explanation(release, tuple(told), refusals, warnings, tuple(unread), ignored)


def _not_built(refusal: InvalidDocument, documents: Iterable["Document"]) -> "Document | None":
    """Return the document that is at fault where Istio would take it, None where it would not."""
    if not isinstance(refusal, NotBuilt):
        return None
    said = str(refusal)
    return next((one for one in documents if said.startswith(f"{one.source}: ")), None)


def _admitted(
    documents: Iterable["Document"], behaviours: Behaviours
) -> tuple[tuple["Document", ...], tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the documents that a release takes, its refusals of others, and its warnings."""
    taken, refusals, warnings = [], [], []
    for document in documents:
        try:
            told = admission.admit(document, behaviours)
        except InvalidDocument as refusal:
            refusals.append(str(refusal))
            continue
        taken.append(document)
        warnings += [(document.source, text) for text in told]
    return tuple(taken), tuple(refusals), tuple(warnings)


def explain(snapshot: "Snapshot") -> str:
    """Return one line per patch, those without effect first."""
    ordered = sorted(snapshot.outcomes, key=lambda one: one.effective)
    return "\n".join(line(one) for one in ordered)


def line(outcome: "Outcome") -> str:
    """Return what became of one patch: which it is, whether it took effect, and why."""
    return f"{outcome.status}: {named(outcome)}: {outcome.sentence}"


def named(outcome: "Outcome") -> str:
    """Return how people name a patch and what it does."""
    kind, namespace, name = outcome.document
    return f"{kind} {namespace}/{name} {outcome.part}"
