"""`python -m clusters explain`: what becomes of each patch, release by release, without a proxy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bookinfo.documents import documents as bookinfo_documents
from clusters import release
from clusters.explaining import telling
from clusters.explaining.aside import doubted, of_release
from clusters.explaining.reading import NoFile, read
from clusters.pilot import documents, upgrade
from clusters.pilot.explain import Explanation, explained
from clusters.pilot.node import INGRESS_LABELS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from clusters.explaining.reading import Reading
    from clusters.pilot.documents import Document
    from clusters.release import Release

EFFECTIVE, NO_EFFECT, INVALID, CANNOT_TELL = 0, 1, 2, 3
BASE_PORT = 9080  # of the application behind the gateway, which no patch sees


class InvalidQuestion(ValueError):
    """An explanation was asked for in a way that has no answer; the text says what would."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Offer the command; what it sets as `run` returns the text to print and the exit code."""
    command = commands.add_parser(
        "explain",
        help="tell what becomes of each patch, release by release; no proxy is needed",
        description="Tells for each release and patch what it was applied to, or the first "
        "condition that failed. Exit code: 0 if every patch takes effect, 1 if one does nothing, "
        "2 for documents that are invalid, 3 if none does nothing and of one it cannot be told.",
    )
    command.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="YAML files, or folders of them"
    )
    asked = command.add_mutually_exclusive_group()
    asked.add_argument(
        "--istio",
        default=release.LATEST,
        metavar="RELEASE,…",
        help="releases such as 1.9,1.31 (default: %(default)s)",
    )
    asked.add_argument(
        "--upgrade-check",
        metavar="FROM..TO",
        help="tell at which release each patch stops working, such as 1.18..1.31",
    )
    command.add_argument(
        "--gateway-labels",
        metavar="KEY=VALUE,…",
        help="the labels of the gateway's pods (default: those of istio-ingressgateway)",
    )
    command.add_argument(
        "--namespace",
        default="",
        metavar="NAME",
        help="the namespace of documents that name none, as in kubectl apply --namespace",
    )
    command.add_argument("--format", choices=("text", "json"), default="text")
    command.set_defaults(run=_run)


def _run(asked: argparse.Namespace) -> tuple[str, int]:
    try:
        found = read(asked.files, asked.namespace)
        labels = _labels(asked.gateway_labels)
        if asked.upgrade_check:
            return _upgrade(found, _range(asked.upgrade_check), labels, asked.format)
        releases = [release.find(name.strip()) for name in asked.istio.split(",")]
    except (
        *(InvalidQuestion, NoFile, release.UnknownRelease),
        *(documents.InvalidDocument, OSError),
    ) as error:
        return f"{error}\n", INVALID
    explanations = _explained(found, releases, labels)
    render = telling.as_json if asked.format == "json" else telling.text
    return render(explanations, found.asides), _code(explanations, found)


def _explained(
    found: Reading, releases: Sequence[Release], labels: Mapping[str, str]
) -> tuple[Explanation, ...]:
    made = explained(found.documents, releases, base=_base(found), labels=labels)
    return tuple(doubted(one, found.asides) for one in made)


def _base(found: Reading) -> tuple[Document, ...]:
    """Return Bookinfo's gateway and routes, unless the documents bring a gateway of their own."""
    if found.brings_gateway:
        return ()
    return documents.parse(bookinfo_documents(BASE_PORT), source="bookinfo")


def _labels(text: str | None) -> Mapping[str, str]:
    if text is None:
        return INGRESS_LABELS
    pairs = [pair.strip().partition("=") for pair in text.split(",")]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise InvalidQuestion(
                f"--gateway-labels={text!r}: each label is KEY=VALUE\n"
                "Hint: --gateway-labels=istio=ingressgateway,app=my-gateway"
            )
    return {key: value for key, _, value in pairs}


def _range(text: str) -> list[Release]:
    first, dots, last = text.partition("..")
    if not dots:
        raise InvalidQuestion(f"--upgrade-check={text!r} is no range\nHint: 1.18..1.31")
    begin, end = release.find(first), release.find(last)
    names = [one.name for one in release.KNOWN]
    between = release.KNOWN[names.index(begin.name) + 1 : names.index(end.name)]
    if names.index(begin.name) >= names.index(end.name):
        raise InvalidQuestion(
            f"--upgrade-check={text!r} leads to no later release\n"
            f"Hint: begin with the older one; known are {names[0]} to {names[-1]}"
        )
    return [begin, *between, end]


def _code(explanations: Sequence[Explanation], found: Reading) -> int:
    if any(one.refusals for one in explanations):
        return INVALID
    outcomes = [outcome for one in explanations for outcome in one.outcomes]
    if any(not one.effective and not one.untold for one in outcomes):
        return NO_EFFECT
    beside = [*found.asides, *(one for each in explanations for one in of_release(each))]
    if any(one.untold for one in outcomes) or any(one.bearing.holds_patches for one in beside):
        return CANNOT_TELL
    return EFFECTIVE


def _upgrade(
    found: Reading, releases: Sequence[Release], labels: Mapping[str, str], shape: str
) -> tuple[str, int]:
    explanations = _explained(found, releases, labels)
    changes = upgrade.changes(explanations)
    asides = [*found.asides, *(one for each in explanations for one in of_release(each))]
    if all(one.refusals for one in explanations):
        code = INVALID
    elif any(one.fails for one in changes):
        code = NO_EFFECT
    elif any(one.state == "untold" for one in changes) or any(
        one.bearing.holds_patches for one in asides
    ):
        code = CANNOT_TELL
    else:
        code = EFFECTIVE
    render = telling.changes_as_json if shape == "json" else telling.changes
    return render(changes, asides), code
