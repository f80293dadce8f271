"""What is asked of a filter while it is timed, contract by contract."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER, VALUE = "x-measured", "yes"
USER, PASSWORD = "ok", "test"


@dataclass(frozen=True)
class Refusal:
    """A request that the filter answers itself."""

    headers: Mapping[str, str]
    status: int


@dataclass(frozen=True)
class Load:
    """A configuration, the request that is timed under it, and what shows that the filter acts.

    `effect` is a header line of every answer; `refusal` a request beside the timed ones. `native`
    is a filter of Envoy's own that does the same.
    """

    configuration: str
    headers: Mapping[str, str] = field(default_factory=dict)
    effect: str = ""
    refusal: Refusal | None = None
    native: Mapping[str, Any] | None = None


def of(contract: str, configuration: str) -> Load:
    """Return the load of a contract; `configuration` is for filters that promise nothing."""
    match contract:
        case "headers":
            return _HEADERS
        case "basic-auth":
            return _BASIC_AUTH
        case _:
            return Load(configuration)


def _native(name: str, version: str, config: Mapping[str, Any]) -> dict[str, Any]:
    kind = f"type.googleapis.com/envoy.extensions.filters.http.{name}.v3.{version}"
    return {"name": f"envoy.filters.http.{name}", "typed_config": {"@type": kind, **config}}


_HEADERS = Load(
    configuration=json.dumps({"replace": {HEADER: VALUE}}),
    effect=f"{HEADER}: {VALUE}",
    native=_native(
        "header_mutation",
        "HeaderMutation",
        {
            "mutations": {
                "response_mutations": [
                    {
                        "append": {
                            "header": {"key": HEADER, "value": VALUE},
                            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                        }
                    }
                ]
            }
        },
    ),
)


def _basic(password: str) -> dict[str, str]:
    both = base64.b64encode(f"{USER}:{password}".encode()).decode()
    return {"authorization": f"Basic {both}"}


_SHA = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
_BASIC_AUTH = Load(
    configuration=json.dumps(
        {
            "basic_auth_rules": [
                {
                    "prefix": "/productpage",
                    "request_methods": ["GET", "POST"],
                    "credentials": [f"{USER}:{PASSWORD}"],
                }
            ]
        }
    ),
    headers=_basic(PASSWORD),
    refusal=Refusal(_basic("wrong"), 401),
    native=_native(
        "basic_auth", "BasicAuth", {"users": {"inline_string": f"{USER}:{{SHA}}{_SHA}"}}
    ),
)
