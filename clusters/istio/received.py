"""What istiod sent and the proxy got, and how that agrees with what was to be expected."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clusters import gate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clusters.pilot.documents import Document
    from clusters.pilot.push import Outcome

_FETCHED = re.compile(r"cannot fetch Wasm module (\S+?): ")
SUBSTITUTE_REFUSED = "type URL envoy.extensions.filters.http.rbac.v3.RBAC but expect"
RBAC = "envoy.extensions.filters.http.rbac.v3.RBAC"


def wanted(listeners: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the names of the extensions that listeners ask for."""
    return {
        http_filter["name"]
        for listener in listeners
        for manager in gate.managers(listener)
        for http_filter in manager
        if "config_discovery" in http_filter
    }


def filters(listeners: Iterable[Mapping[str, Any]]) -> dict[str, list[list[str]]]:
    """Return the names of each listener's filters, per connection manager, in order."""
    return {
        listener["name"]: [[each["name"] for each in one] for one in gate.managers(listener)]
        for listener in listeners
    }


def substituted(dump: Mapping[str, Any], expected: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the extensions for which the proxy got an RBAC filter, and should have got another.

    `dump` is Envoy's dump of its ECDS filters, `expected` what the control plane has.
    """
    others = {
        extension["name"]
        for extension in expected
        if RBAC not in extension.get("typed_config", {}).get("@type", "")
    }
    got = {
        each["ecds_filter"].get("name", "")
        for each in dump.get("configs", [])
        if RBAC in each.get("ecds_filter", {}).get("typed_config", {}).get("@type", "")
    }
    return others & got


def concerning(failures: Iterable[str], extensions: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the failures to fetch what the extensions ask for, without those of earlier ones.

    While documents change one by one, an agent may try once more what is about to go.
    """
    asked = json.dumps([each.get("typed_config") for each in extensions])
    told = []
    for failure in failures:
        address = _FETCHED.search(failure)
        if address is None or json.dumps(address[1])[1:-1] in asked:
            told.append(failure)
    return tuple(told)


def disagreements(
    expected: Iterable[Mapping[str, Any]], sent: Iterable[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return, in a sentence each, where istiod sent other filters than were to be expected."""
    ours, theirs = filters(expected), filters(sent)
    return tuple(
        f"listener {name}: istiod sent {theirs.get(name, 'nothing')}, the embedded control plane "
        f"would have sent {ours.get(name, 'nothing')}"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    )


def shown(
    outcomes: Iterable[Outcome],
    documents: Iterable[Document],
    sent: Iterable[Mapping[str, Any]],
) -> tuple[Outcome, ...]:
    """Return the outcomes with what the sent listeners show: the filter of a patch, or none.

    Patches that bring no HTTP filter stay as they are foretold.
    """
    names = _names(documents)
    there = {
        name for managers in filters(sent).values() for manager in managers for name in manager
    }
    return tuple(
        _corrected(outcome, name, name in there)
        if (name := names.get((outcome.document, outcome.index)))
        else outcome
        for outcome in outcomes
    )


def _corrected(outcome: Outcome, name: str, there: bool) -> Outcome:
    if outcome.effective is there:
        return outcome
    told = (
        f"istiod put the filter {name} into a listener"
        if there
        else f"istiod put the filter {name} into no listener"
    )
    return replace(outcome, effective=there, sentence=f"{told}; foretold: {outcome.sentence}")


def _names(documents: Iterable[Document]) -> dict[tuple[Any, int], str]:
    return {
        (document.key, index): patch["patch"].get("value", {}).get("name", "")
        for document in documents
        if document.kind == "EnvoyFilter"
        for index, patch in enumerate(document.spec.get("configPatches") or [])
        if patch["applyTo"] == "HTTP_FILTER"
        and patch["patch"]["operation"].startswith(("ADD", "INSERT"))
    }
