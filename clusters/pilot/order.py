"""The order in which istiod takes documents of one kind."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusters.pilot.documents import Document


def by_age(document: "Document") -> tuple[str, str]:
    """Return the sorting key: creation time (none given first), then `name.namespace`."""
    return document.creation_timestamp, f"{document.name}.{document.namespace}"
