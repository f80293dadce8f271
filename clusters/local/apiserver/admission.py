"""Istio's validating webhook, as the API server meets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from clusters.local.apiserver.statuses import ApiError
from clusters.pilot import admission, documents, kinds

if TYPE_CHECKING:
    from clusters.local.apiserver.store import Object
    from clusters.local.apiserver.writing import Admission
    from clusters.pilot.behaviours import Behaviours

_SOURCE = "request"
_CHECKED = ("apiVersion", "kind", "metadata", "spec")


def of(behaviours: Behaviours) -> Admission:
    """Return what a release's webhook and schemas say about a document of an Istio kind.

    It raises ApiError as a cluster answers: 422 for a field that the schema does not know, 400
    with the webhook's text for what istiod refuses. Kinds and fields that only real istiod reads
    are admitted without a look.
    """

    def admit(thing: Object) -> tuple[str, ...]:
        if thing["kind"] not in kinds.BUILT:
            return ()
        text = json.dumps({name: thing[name] for name in _CHECKED if name in thing})
        try:
            [document] = documents.parse(text, source=_SOURCE)
        except documents.NotBuilt:
            return ()
        except documents.InvalidDocument as error:
            raise _invalid(thing, _without_place(str(error))) from error
        try:
            return admission.admit(document, behaviours)
        except admission.SchemaRefusal as error:
            raise _invalid(thing, error.text) from error
        except documents.InvalidDocument as error:
            told = str(error).removeprefix(f"{document.source}: {document}: ")
            raise ApiError(
                400,
                'admission webhook "validation.istio.io" denied the request: '
                f"configuration is invalid: {told}\n\n",
                reason="",
            ) from error

    return admit


def _without_place(text: str) -> str:
    """Return a text without the line that it names: a request has none."""
    place, separator, rest = text.partition(": ")
    return rest if separator and place.startswith(_SOURCE) else text


def _invalid(thing: Object, text: str) -> ApiError:
    kind, group = thing["kind"], thing["apiVersion"].partition("/")[0]
    name = thing["metadata"]["name"]
    words = f'{kind}.{group} "{name}" is invalid: '
    return ApiError(
        422,
        f"{words}{text.removeprefix(words).removeprefix(f'{kind} {name}: ')}",
        details={"name": name, "group": group, "kind": kind},
    )
