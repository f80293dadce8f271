"""In which shape an answer is given: whole objects, their metadata alone, or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clusters.local.apiserver.statuses import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clusters.local.apiserver.paths import Target

Object = dict[str, Any]
Shape = "Callable[[Object], Object]"


def wanted(accept: str) -> str:
    """Return what an Accept header asks for: "", "PartialObjectMetadata" or "Table".

    Only JSON is spoken: of several media types the first that allows it counts. Raises ApiError
    (406) where none does.
    """
    for entry in accept.split(",") if accept.strip() else ["*/*"]:
        kind, *parameters = (part.strip() for part in entry.split(";"))
        if kind not in ("application/json", "application/*", "*/*"):
            continue
        form = dict(part.partition("=")[::2] for part in parameters).get("as", "")
        if form in ("APIGroupDiscoveryList", ""):
            return ""
        if form in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return "PartialObjectMetadata"
        if form == "Table":
            return "Table"
    raise ApiError(
        406,
        "only the following media types are accepted: application/json, "
        "application/json;as=PartialObjectMetadata, application/json;as=Table",
    )


def one(thing: Mapping[str, Any], target: Target, form: str) -> Object:
    """Return an object as it is answered in the version and shape asked for."""
    whole = {"kind": target.resource.kind, **thing, "apiVersion": target.api_version}
    if form == "PartialObjectMetadata":
        return {**_META, "kind": form, "metadata": thing["metadata"]}
    if form == "Table":
        return _table([whole], {})
    return whole


def many(things: Sequence[Object], target: Target, form: str, metadata: Object) -> Object:
    """Return a list of objects in the version and shape asked for."""
    if form == "Table":
        return _table([one(thing, target, "") for thing in things], metadata)
    items = [one(thing, target, form) for thing in things]
    if form == "PartialObjectMetadata":
        return {**_META, "kind": f"{form}List", "metadata": metadata, "items": items}
    return {
        "kind": f"{target.resource.kind}List",
        "apiVersion": target.api_version,
        "metadata": metadata,
        "items": items,
    }


_META = {"apiVersion": "meta.k8s.io/v1"}


def _table(things: Sequence[Object], metadata: Object) -> Object:
    return {
        **_META,
        "kind": "Table",
        "metadata": metadata,
        "columnDefinitions": [
            {"name": name, "type": kind, "format": "", "description": name, "priority": 0}
            for name, kind in (("Name", "string"), ("Created At", "date"))
        ],
        "rows": [
            {
                "cells": [thing["metadata"]["name"], thing["metadata"]["creationTimestamp"]],
                "object": {**_META, "kind": "PartialObjectMetadata", "metadata": thing["metadata"]},
            }
            for thing in things
        ],
    }
