"""What istiod's JSON reader says of a value that is not the message it should be.

Go's legacy jsonpb walks a message field by field, in the order of its descriptor, and stops at
the first value that it cannot read; its words are what users see (golang/protobuf, jsonpb/decode).
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from clusters.pilot import durations

Resolve = Callable[[str], Descriptor]
"""Finds a message by its full name; raises ProtoError for one that nobody knows."""

_ANYTHING = frozenset(
    {"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"}
)
_OBJECT, _LIST = "map[string]json.RawMessage", "[]json.RawMessage"
_INTEGERS = {
    **dict.fromkeys(
        (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_SFIXED32),
        ("int32", -(2**31), 2**31 - 1),
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SINT64, FieldDescriptor.TYPE_SFIXED64),
        ("int64", -(2**63), 2**63 - 1),
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_FIXED32), ("uint32", 0, 2**32 - 1)
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64), ("uint64", 0, 2**64 - 1)
    ),
}
_FLOATS = {FieldDescriptor.TYPE_DOUBLE: "float64", FieldDescriptor.TYPE_FLOAT: "float32"}
_VALUE = "google.protobuf.Value"
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=_\r\n-]")
_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")


class ProtoError(ValueError):
    """A value is not the message it should be; the text is the one Istio's parser gives."""


def read(message: Descriptor, value: Any, resolve: Resolve, *, strict: bool) -> Any:
    """Return a JSON value as protobuf's own reader takes it for what istiod would have read.

    Raises ProtoError for the first thing that istiod could not read. `strict` is for what was made
    here: an unknown field is an error, and an Any may be empty. Types that Anys name are resolved
    on the way, which imports them.
    """
    if message.full_name == "google.protobuf.Any":
        return _any(value, resolve, strict=strict)
    if message.full_name == "google.protobuf.Duration":
        return _duration(value)
    if _is_wrapper(message):
        return _single(message.fields_by_name["value"], value, resolve, strict=strict)
    if message.full_name in _ANYTHING or _is_well_known(message):
        return value
    return _fields(message, value, resolve, strict=strict)


def _fields(message: Descriptor, value: Any, resolve: Resolve, *, strict: bool) -> Any:
    if not isinstance(value, Mapping):
        raise _unfit(value, _OBJECT)
    found = {}
    for field in message.fields:
        item = value.get(field.json_name, value.get(field.name))
        if item is not None or (field.message_type and field.message_type.full_name == _VALUE):
            found[field.name] = _field(field, item, resolve, strict=strict)
    unknown = next((key for key in value if key not in _names(message)), None)
    if strict and unknown is not None:
        raise ProtoError(f'unknown field "{unknown}" in {message.full_name}')
    return {name: item for name, item in found.items() if item is not None}


def _field(field: FieldDescriptor, item: Any, resolve: Resolve, *, strict: bool) -> Any:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        if not isinstance(item, Mapping):
            raise _unfit(item, _OBJECT)
        values = entry.fields_by_name["value"]
        return {key: _single(values, one, resolve, strict=strict) for key, one in item.items()}
    if field.is_repeated:
        if not isinstance(item, list):
            raise _unfit(item, _LIST)
        return [_single(field, one, resolve, strict=strict) for one in item]
    return _single(field, item, resolve, strict=strict)


def _single(field: FieldDescriptor, item: Any, resolve: Resolve, *, strict: bool) -> Any:
    kind = field.message_type
    if kind is not None:
        if item is None and kind.full_name not in _ANYTHING:
            return {}  # in a list or map; Go makes an empty message of it
        return read(kind, item, resolve, strict=strict)
    if field.enum_type is not None:
        return _enum(field.enum_type, item)
    if field.type == FieldDescriptor.TYPE_BOOL:
        if not isinstance(item, bool):
            raise _unfit(item, "bool")
    elif field.type == FieldDescriptor.TYPE_STRING:
        if not isinstance(item, str):
            raise _unfit(item, "string")
    elif field.type == FieldDescriptor.TYPE_BYTES:
        _check_bytes(item)
    elif field.type in _INTEGERS:
        return _integer(item, *_INTEGERS[field.type])
    elif field.type in _FLOATS and item not in _NO_NUMBERS:
        return _number(item, _FLOATS[field.type])
    return item


def _integer(item: Any, name: str, smallest: int, largest: int) -> int:
    number = _number(item, name)
    if not math.isfinite(number) or number != int(number) or not smallest <= number <= largest:
        raise ProtoError(f"json: cannot unmarshal number {number} into Go value of type {name}")
    return int(number)


def _number(item: Any, name: str) -> int | float:
    number = _unquoted(item)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise _unfit(number, name)
    return number


def _unquoted(item: Any) -> Any:
    """Return what Go reads of a number that may be written as text."""
    if not isinstance(item, str):
        return item
    if not item:
        raise ProtoError("unexpected end of JSON input")
    try:
        return json.loads(item)
    except ValueError:
        text = f"invalid character '{item[0]}' looking for beginning of value"
        raise ProtoError(text) from None


def _enum(enum: EnumDescriptor, value: Any) -> Any:
    if not isinstance(value, str):
        return _integer(value, "int32", -(2**31), 2**31 - 1)
    if value not in enum.values_by_name:
        quoted = json.dumps(json.dumps(value, ensure_ascii=False), ensure_ascii=False)
        raise ProtoError(f"unknown value {quoted} for enum {enum.full_name}")
    return value


def _check_bytes(item: Any) -> None:
    if not isinstance(item, str):
        raise _unfit(item, "[]uint8")
    wrong = _NO_BASE64.search(item)
    if wrong:
        raise ProtoError(f"illegal base64 data at input byte {wrong.start()}")


def _any(value: Any, resolve: Resolve, *, strict: bool) -> Any:
    if not isinstance(value, Mapping):
        raise _unfit(value, _OBJECT)
    if strict and not value:
        return value
    url = value.get("@type")
    if not isinstance(url, str):
        raise ProtoError("Any JSON doesn't have '@type'")
    try:
        inner = resolve(url.rpartition("/")[2])
    except ProtoError:
        raise ProtoError(f"could not resolve Any message type: {url}") from None
    content: Any = {key: item for key, item in value.items() if key != "@type"}
    own_form = _is_well_known(inner)
    if own_form and "value" not in content:
        raise ProtoError("Any JSON doesn't have 'value'")
    try:
        found = read(inner, content["value"] if own_form else content, resolve, strict=strict)
    except ProtoError as error:
        raise ProtoError(f"can't unmarshal Any nested proto {url}: {error}") from error
    return {"@type": url} | ({"value": found} if own_form else found)


def _duration(value: Any) -> str:
    if not isinstance(value, str):
        raise _unfit(value, "string")
    if durations.nanoseconds(value) is None:
        bare = value.lstrip("+-").replace(".", "", 1).isdigit()
        why = "missing unit in" if bare else "invalid"
        raise ProtoError(f"bad Duration: time: {why} duration {json.dumps(value)}")
    return durations.to_json(value)


def _unfit(value: Any, wanted: str) -> ProtoError:
    kinds = {bool: "bool", str: "string", int: "number", float: "number", list: "array"}
    given = kinds.get(type(value), "object")
    return ProtoError(f"json: cannot unmarshal {given} into Go value of type {wanted}")


def _is_wrapper(message: Descriptor) -> bool:
    return (
        _is_well_known(message)
        and message.full_name.endswith("Value")
        and message.full_name not in _ANYTHING
    )


def _is_well_known(message: Descriptor) -> bool:
    """Tell whether a message has a JSON form of its own."""
    name: str = message.full_name
    return name.startswith("google.protobuf.") and name not in (
        "google.protobuf.Any",
        "google.protobuf.Empty",
    )


@cache
def _names(message: Descriptor) -> frozenset[str]:
    """Return the names of a message's fields in both spellings."""
    return frozenset(name for field in message.fields for name in (field.name, field.json_name))
