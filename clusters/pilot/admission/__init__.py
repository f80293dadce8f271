"""What a cluster says when a document is written: its API server first, then Istio's webhook.

The API server judges by the schemas of Istio's CRDs (`schema`, `rules` and the tables of the
kinds); what passes there is shown to the webhook (`clusters.pilot.validation`). A place that asks
istiod alone, as the comparison with real istiod does, asks the webhook's part alone.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from clusters.pilot import fields, validation
from clusters.pilot.admission import extensions, networking
from clusters.pilot.admission.schema import Table, judged, without_nulls
from clusters.pilot.documents import InvalidDocument

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.documents import Document

_TABLES = {**networking.TABLES, **extensions.TABLES}


class SchemaRefusal(InvalidDocument):
    """A document that the API server refuses before the webhook sees it; `text` is its answer."""

    def __init__(self, document: "Document", errors: tuple[str, ...]) -> None:
        group = document.api_version.partition("/")[0]
        told = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
        self.text = f'{document.kind}.{group} "{document.name}" is invalid: {told}'
        super().__init__(f"{document.source}: {document}: {self.text}")


def admit(document: "Document", behaviours: "Behaviours") -> tuple[str, ...]:
    """Return the warnings that a cluster of a release gives with a document it takes.

    Raises SchemaRefusal with the API server's words, or InvalidDocument with the webhook's.
    """
    check([document], behaviours)
    return validation.validate(document, behaviours)


def check(documents: Iterable["Document"], behaviours: "Behaviours") -> None:
    """Raise SchemaRefusal for the first document that the API server would not take."""
    for document in documents:
        errors = schema_errors(document, behaviours)
        if errors:
            raise SchemaRefusal(document, errors)


def schema_errors(document: "Document", behaviours: "Behaviours") -> tuple[str, ...]:
    """Return what the API server has against a document by the CRDs of a release.

    Fields that the release does not have are dropped before, as the API server drops them.
    """
    table = _TABLES.get(document.kind)
    if table is None:
        return ()
    constraints: Table = tuple(table(behaviours))
    stored = fields.as_stored(document, behaviours)
    unknown = tuple(fields.refused_values(stored, behaviours))
    return judged(without_nulls(stored.spec), constraints, unknown)
