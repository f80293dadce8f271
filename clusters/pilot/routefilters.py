"""CORS and fault settings of a VirtualService's route, which two HTTP filters read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clusters.pilot import durations
from clusters.pilot.protos import TYPE_PREFIX
from clusters.pilot.routeaction import fraction
from clusters.pilot.routematch import string_match
from clusters.pilot.traffickinds import GRPC_STATUSES

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours

CORS = "envoy.filters.http.cors"
FAULT = "envoy.filters.http.fault"
_FILTERS = f"{TYPE_PREFIX}envoy.extensions.filters.http"


def add(made: dict[str, Any], route: Mapping[str, Any], behaviours: "Behaviours") -> None:
    """Put a route's CORS and fault settings where its release puts them."""
    configs: dict[str, Any] = {}
    if route.get("fault") is not None:
        configs[FAULT] = {"@type": f"{_FILTERS}.fault.v3.HTTPFault"} | _fault(route["fault"])
    if route.get("corsPolicy") is not None:
        policy = _cors(route["corsPolicy"], behaviours)
        if "cors-as-filter-config" in behaviours:
            configs[CORS] = {"@type": f"{_FILTERS}.cors.v3.CorsPolicy"} | policy
        elif "route" in made:
            made["route"]["cors"] = policy
    if configs:
        made["typed_per_filter_config"] = configs


def _cors(policy: Mapping[str, Any], behaviours: "Behaviours") -> dict[str, Any]:
    origins = policy.get("allowOrigins")
    if origins is None:
        origins = [{"exact": one} for one in policy.get("allowOrigin") or []]
    made: dict[str, Any] = {
        "allow_origin_string_match": [string_match(one) for one in origins],
        "filter_enabled": {"default_value": {"numerator": 100}},
        "allow_methods": ",".join(policy.get("allowMethods") or []),
        "allow_headers": ",".join(policy.get("allowHeaders") or []),
        "expose_headers": ",".join(policy.get("exposeHeaders") or []),
    }
    if policy.get("maxAge"):
        made["max_age"] = str((durations.nanoseconds(policy["maxAge"]) or 0) // 10**9)
    if policy.get("allowCredentials") is not None:
        made["allow_credentials"] = policy["allowCredentials"]
    if "unmatched-preflights-forwarded" in behaviours:
        forwards = policy.get("unmatchedPreflights") != "IGNORE"
        made["forward_not_matching_preflights"] = forwards
    return made


def _fault(fault: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    delay, abort = fault.get("delay") or {}, fault.get("abort") or {}
    if delay.get("fixedDelay"):
        percent = delay.get("percentage")
        made["delay"] = {
            "fixed_delay": durations.to_json(delay["fixedDelay"]),
            "percentage": (
                {"numerator": delay.get("percent", 0)} if percent is None else fraction(percent)
            ),
        }
    error = _error(abort)
    if error:
        made["abort"] = error
        if abort.get("percentage") is not None:
            made["abort"]["percentage"] = fraction(abort["percentage"])
    return made


def _error(abort: Mapping[str, Any]) -> dict[str, Any]:
    if abort.get("httpStatus"):
        return {"http_status": abort["httpStatus"]}
    if abort.get("grpcStatus"):
        return {"grpc_status": GRPC_STATUSES.index(abort["grpcStatus"])}
    return {}
