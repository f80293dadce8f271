"""Istio's protobuf merge, for messages and for the Anys that filters carry (istio.md 1.6)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from clusters.pilot import protos
from clusters.pilot.documents import NotBuilt
from clusters.pilot.envoyfilter.value import MESSAGES

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.envoyfilter.patch import Patch

_DURATION = "google.protobuf.Duration"


class DescriptorMismatch(Exception):
    """Two Anys of different types were merged; istiod panics and gives up what it patches."""


def merge(
    target: "Message", patch: "Message", behaviours: "Behaviours", *, replace_lists: bool = False
) -> None:
    """Merge a patch into a message in place: lists append, map entries and durations replace.

    With `replace_lists` a list of the patch takes the place of the one that is there.
    """
    _clear_replaced(target, patch, "durations-merge-whole" in behaviours, replace_lists)
    target.MergeFrom(patch)


class Merged:
    """A resource in JSON form that patches are merged into, read once and written back once.

    Between the first merge and `close` only `view` tells what it holds.
    """

    __slots__ = ("_behaviours", "_message", "_target")

    def __init__(self, target: dict[str, Any], behaviours: "Behaviours") -> None:
        self._target = target
        self._behaviours = behaviours
        self._message: Message | None = None

    def merge(self, patch: "Patch") -> bool:
        """Merge the value of a patch; tell if that changed anything."""
        name = MESSAGES[patch.apply_to]
        if self._message is None:
            self._message = protos.parse(name, self._target)
        before = protos.copied(self._message)
        merge(
            self._message,
            _value_of(patch),
            self._behaviours,
            replace_lists=patch.operation == "MERGE_AND_REPLACE_LIST",
        )
        return self._message != before

    def view(self, *fields: str) -> Mapping[str, Any]:
        """Return what some fields hold now."""
        if self._message is None:
            return self._target
        return {field: getattr(self._message, field) for field in fields}

    def replace(self, value: Mapping[str, Any]) -> None:
        """Put a value in the place of all there is."""
        self._message = None
        self._target.clear()
        self._target.update(value)

    def close(self) -> None:
        """Write what was merged into the resource."""
        if self._message is None:
            return
        made = protos.to_dict(self._message)
        self._target.clear()
        self._target.update(made)
        self._message = None


@lru_cache(maxsize=1024)
def _value_of(patch: "Patch") -> "Message":
    """Return what a patch merges, read once for all that it is merged into; not to be changed."""
    return protos.parsed(MESSAGES[patch.apply_to], patch.value)


def merge_value(target: dict[str, Any], patch: "Patch", behaviours: "Behaviours") -> bool:
    """Merge the value of a patch into a resource in JSON form, in place; tell if it changed."""
    merged = Merged(target, behaviours)
    changed = merged.merge(patch)
    merged.close()
    return changed


def merge_any(
    target: Mapping[str, Any], patch: Mapping[str, Any], behaviours: "Behaviours"
) -> dict[str, Any] | None:
    """Return two Anys (in JSON form) merged, or None where the target keeps what it has.

    Raises DescriptorMismatch.
    """
    target_type = str(target["@type"])
    if target_type == patch["@type"] or "any-merge-takes-targets-type" not in behaviours:
        return merge_same(target, patch, behaviours)
    try:
        reread = protos.reread(protos.parse_any(patch), target_type)
    except protos.ProtoError:
        return None
    into = protos.parse_any(target)
    merge(into, reread, behaviours)
    return protos.to_any_dict(into)


def merge_same(
    target: Mapping[str, Any], patch: Mapping[str, Any], behaviours: "Behaviours"
) -> dict[str, Any]:
    """Return two Anys of one type (in JSON form) merged; raises DescriptorMismatch for two."""
    target_type, patch_type = (str(one["@type"]) for one in (target, patch))
    if target_type != patch_type:
        raise DescriptorMismatch(
            f"descriptor mismatch: {target_type.rpartition('/')[2]} != "
            f"{patch_type.rpartition('/')[2]}"
        )
    into = protos.parse_any(target)
    merge(into, protos.parse_any(patch), behaviours)
    return protos.to_any_dict(into)


def check_socket(
    patch: "Patch",
    wanted: Mapping[str, Any],
    there: Iterable[Mapping[str, Any]],
    behaviours: "Behaviours",
) -> None:
    """Raise NotBuilt where a release may lose a transport socket that has a name of its own."""
    if "transport-socket-merge-defect" not in behaviours:
        return
    name = wanted.get("name", "")
    if name not in [one.get("name", "") for one in there]:
        raise NotBuilt(
            f"{patch}: Istio 1.9.2 to 1.9.5, 1.10.0 and 1.10.1 ignore a transport socket of a name "
            f"(`{name}`) that the target does not have (istio/istio#33385), which is not built; "
            "Hint: --istio=1.9 or --istio=1.10"
        )


def _clear_replaced(target: "Message", patch: "Message", durations: bool, lists: bool) -> None:
    for field, value in patch.ListFields():
        if field.is_repeated:
            is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
            if lists and not is_map:
                target.ClearField(field.name)
        elif field.message_type is None:
            continue
        elif field.message_type.full_name == _DURATION:
            if durations:
                target.ClearField(field.name)
        elif target.HasField(field.name):
            _clear_replaced(getattr(target, field.name), value, durations, lists)
