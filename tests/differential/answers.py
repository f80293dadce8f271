"""What one control plane makes of a document set: what it admits, and what it then sends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from clusters.pilot.documents import InvalidDocument
from tests.differential import control, embedded
from tests.differential.normalising import normalised

if TYPE_CHECKING:
    from clusters.release import Release
    from tests.differential.control import Control
    from tests.differential.sets import DocumentSet

Answer = dict[str, Any]

_UNDECODABLE = "error decoding configuration: "
_SCHEMA = re.compile(
    r'unknown value ".*" for enum istio\.|unrecognized type |no matches for kind '
    r"|spec\.[^ ]*: Unsupported value"
)
_INVALID = "configuration is invalid: "
#: In a cluster the schema answers before the webhook could, in words of Kubernetes.
BY_SCHEMA = "<not readable>"


def of_istiod(one: DocumentSet, istiod: Control) -> Answer:
    """Return the answer of a real istiod."""
    said = {control.name(thing): istiod.admits(thing) for thing in one.things}
    admitted = [thing for thing in one.things if "refused" not in said[control.name(thing)]]
    admission = {name: _worded(each) for name, each in said.items() if each}
    sent: Answer = normalised(istiod.answers(admitted))
    return {"admission": admission} | sent


def of_embedded(one: DocumentSet, release: Release) -> Answer:
    """Return the answer of the embedded control plane, with `not built` where it has none."""
    said = {control.name(thing): embedded.admits(thing, release) for thing in one.things}
    admitted = [
        thing
        for thing in one.things
        if not said[control.name(thing)].keys() & {"refused", embedded.NOT_BUILT}
    ]
    admission = {name: _worded(each) for name, each in said.items() if each}
    try:
        sent: Answer = normalised(embedded.answers(admitted, release))
    except InvalidDocument as error:
        sent = {embedded.NOT_BUILT: str(error)}
    return {"admission": admission} | sent


def _worded(said: dict[str, Any]) -> dict[str, Any]:
    """Return what was said with refusals as lists of texts, which both sides wrap differently."""
    if "refused" not in said:
        return said
    # In the order of a Go map, often.
    return {"refused": sorted(_texts(said["refused"]))}


def _texts(refusal: str) -> list[str]:
    if refusal.startswith(_UNDECODABLE):
        return [BY_SCHEMA]
    text = refusal.removeprefix(_INVALID)
    whole = re.search(r"\d+ errors? occurred:\n(.*)", text, re.DOTALL)
    if whole:
        texts = [one.strip() for one in whole[1].split("\t* ") if one.strip()]
        return [BY_SCHEMA] if any(_SCHEMA.match(one) for one in texts) else texts
    # Without the list, the embedded one speaks of a field that it could not read.
    return [BY_SCHEMA] if text.startswith("set:") or _SCHEMA.match(text) else [text.strip()]
