"""Istio's protobuf merge, for messages and for the Anys that filters carry (istio.md 1.6)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import protos

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from clusters.pilot.behaviours import Behaviours

_DURATION = "google.protobuf.Duration"


class DescriptorMismatch(Exception):
    """Two Anys of different types were merged; istiod panics and gives up all of LDS patching."""


def merge(target: "Message", patch: "Message", behaviours: "Behaviours") -> None:
    """Merge a patch into a message in place: lists append, map entries and durations replace."""
    if "durations-merge-whole" in behaviours:
        _clear_replaced_durations(target, patch)
    target.MergeFrom(patch)


def merge_any(
    target: Mapping[str, Any], patch: Mapping[str, Any], behaviours: "Behaviours"
) -> dict[str, Any] | None:
    """Return two Anys (in JSON form) merged, or None where the target keeps what it has.

    Raises DescriptorMismatch.
    """
    target_type, patch_type = (str(one["@type"]) for one in (target, patch))
    into, merged = protos.parse_any(target), protos.parse_any(patch)
    if target_type != patch_type:
        if "any-merge-takes-targets-type" not in behaviours:
            raise DescriptorMismatch(
                f"descriptor mismatch: {target_type.rpartition('/')[2]} != "
                f"{patch_type.rpartition('/')[2]}"
            )
        try:
            merged = protos.reread(merged, target_type)
        except protos.ProtoError:
            return None
    merge(into, merged, behaviours)
    return protos.to_any_dict(into)


def _clear_replaced_durations(target: "Message", patch: "Message") -> None:
    for field, value in patch.ListFields():
        if field.message_type is None or field.is_repeated:
            continue
        if field.message_type.full_name == _DURATION:
            target.ClearField(field.name)
        elif target.HasField(field.name):
            _clear_replaced_durations(getattr(target, field.name), value)
