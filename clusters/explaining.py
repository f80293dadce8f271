"""`python -m clusters explain`: what becomes of each patch, release by release, without a proxy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bookinfo.documents import documents as bookinfo_documents
from clusters import release
from clusters.pilot import documents, upgrade
from clusters.pilot.explain import Explanation, explained, named
from clusters.pilot.node import INGRESS_LABELS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from clusters.pilot.documents import Document
    from clusters.pilot.push import Outcome
    from clusters.release import Release

EFFECTIVE, NO_EFFECT, INVALID = 0, 1, 2
SUFFIXES = (".yaml", ".yml", ".json")
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
        "2 for documents that are invalid.",
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
    command.add_argument("--format", choices=("text", "json"), default="text")
    command.set_defaults(run=_run)


def _run(asked: argparse.Namespace) -> tuple[str, int]:
    try:
        found = documents.read(*_files(asked.files))
        labels = _labels(asked.gateway_labels)
        if asked.upgrade_check:
            return _upgrade(found, _range(asked.upgrade_check), labels, asked.format)
        releases = [release.find(name.strip()) for name in asked.istio.split(",")]
    except (InvalidQuestion, release.UnknownRelease, documents.InvalidDocument, OSError) as error:
        return f"{error}\n", INVALID
    explanations = explained(found, releases, base=_base(found), labels=labels)
    render = _json if asked.format == "json" else _text
    return render(explanations), _code(explanations)


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InvalidQuestion(f"{path}: no such file or folder\nHint: ls {path.parent}")
        inside = sorted(each for each in path.iterdir()) if path.is_dir() else [path]
        files += [each for each in inside if not path.is_dir() or each.suffix in SUFFIXES]
    if not files:
        named_paths = ", ".join(map(str, paths))
        raise InvalidQuestion(f"no file {', '.join(SUFFIXES)} in {named_paths}")
    return files


def _base(found: Iterable[Document]) -> tuple[Document, ...]:
    """Return Bookinfo's gateway and routes, unless the documents bring a gateway of their own."""
    if any(one.kind == "Gateway" for one in found):
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


def _code(explanations: Iterable[Explanation]) -> int:
    explanations = tuple(explanations)
    if any(one.refusals for one in explanations):
        return INVALID
    return EFFECTIVE if all(one.holds for one in explanations) else NO_EFFECT


def _text(explanations: Sequence[Explanation]) -> str:
    """Return one line per patch and release, the releases of one patch together."""
    width = max(len(one.release.name) for one in explanations)
    lines = [
        f"{one.release.name:<{width}}  {'effective' if outcome.effective else 'no effect'}  "
        f"{named(outcome)}: {outcome.sentence}"
        for one, outcome in _by_patch(explanations)
    ]
    for one in explanations:
        # The webhook lists its errors in lines of their own.
        refusals = [" ".join(text.split()) for text in one.refusals]
        lines += [f"{one.release.name:<{width}}  refused    {text}" for text in refusals]
    lines += _warnings(explanations)
    return "".join(f"{line}\n" for line in lines) or "no patch in these documents\n"


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


def _json(explanations: Sequence[Explanation]) -> str:
    told = [
        {
            "release": one.release.name,
            "version": one.release.version,
            "patches": [_plain(outcome) for outcome in one.outcomes],
            "refusals": list(one.refusals),
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
        "sentence": outcome.sentence,
    }


def _upgrade(
    found: Sequence[Document], releases: Sequence[Release], labels: Mapping[str, str], shape: str
) -> tuple[str, int]:
    explanations = explained(found, releases, base=_base(found), labels=labels)
    changes = upgrade.changes(explanations)
    code = NO_EFFECT if any(one.fails for one in changes) else EFFECTIVE
    if all(one.refusals for one in explanations):
        code = INVALID
    if shape == "json":
        told = [
            {
                "what": one.what,
                "worksIn": [each.name for each in one.works_in],
                "state": one.state,
                "fails": one.fails,
                "sentence": one.sentence,
            }
            for one in changes
        ]
        return json.dumps(told, indent=2, ensure_ascii=False) + "\n", code
    lines = [f"{one.state:<7}  {one.what}: {one.sentence}\n" for one in changes]
    return "".join(lines) or "no patch in these documents\n", code
