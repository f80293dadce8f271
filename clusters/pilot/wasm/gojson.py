"""JSON text as istiod writes it for a module: compact, sorted, with Go's numbers and escapes."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_ESCAPED = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}
_SMALLEST, _LARGEST = 1e-6, 1e21


def dumps(value: Any) -> str:
    """Return the text of a JSON value whose numbers are doubles, as a protobuf Struct holds them.

    Seen with istiod 1.24.0 and the 1.31 line.
    """
    if isinstance(value, Mapping):
        pairs = (f"{dumps(key)}:{dumps(value[key])}" for key in sorted(value))
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(dumps, value))}]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(float(value))
    return json.dumps(value, ensure_ascii=False).translate(_ESCAPED)


def _number(double: float) -> str:
    shortest = Decimal(repr(double)).normalize()
    if double and not _SMALLEST <= abs(double) < _LARGEST:
        mantissa, _, exponent = f"{shortest:e}".partition("e")
        return f"{mantissa}e{exponent}"
    return f"{shortest:f}"
