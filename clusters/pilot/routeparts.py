"""What the parts of an HTTP route must hold, in the words of Istio's webhook."""

from collections.abc import Iterator, Mapping
from typing import Any

from clusters.pilot import durations, re2

_MILLISECOND = 1_000_000
_LOWEST_STATUS, _HIGHEST_STATUS = 200, 600
_LARGEST_BODY = 1 << 20
_SMALLEST_PERCENTAGE = 0.0001
_REDIRECT_CODES = (0, 301, 302, 303, 307, 308)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE")
_RETRY_ON = frozenset(
    (
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "envoy-ratelimited",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    )
)


def errors(route: Mapping[str, Any]) -> Iterator[str]:
    """Yield what istiod would refuse in the settings of an HTTP route."""
    yield from _redirect(route.get("redirect"))
    yield from _direct_response(route.get("directResponse"))
    yield from _rewrite(route.get("rewrite"))
    yield from _fault(route.get("fault") or {})
    yield from _cors(route.get("corsPolicy") or {})
    yield from _mirrors(route)
    yield from _retry_on((route.get("retries") or {}).get("retryOn") or "")


def warnings(route: Mapping[str, Any]) -> Iterator[str]:
    """Yield what istiod warns about in the settings of an HTTP route."""
    if route.get("mirrorPercent") is not None:
        yield 'using deprecated setting "mirrorPercent", use "mirrorPercentage" instead'


def regex_errors(where: str, regex: str) -> Iterator[str]:
    """Yield what is wrong with a regular expression of the field `where`."""
    try:
        re2.compile(regex)
    except re2.InvalidRegex as error:
        yield (
            f'"{where}": {error}; Istio uses RE2 style regex-based match '
            "(https://github.com/google/re2/wiki/Syntax)"
        )


def _redirect(redirect: Mapping[str, Any] | None) -> Iterator[str]:
    if redirect is None:
        return
    if not any(redirect.get(one) for one in ("uri", "authority", "scheme", "port", "derivePort")):
        yield "redirect must specify URI, authority, scheme, or port"
        return
    code = redirect.get("redirectCode", 0)
    if code not in _REDIRECT_CODES and not 300 <= code < 400:
        yield f"{code} is not a valid redirect code, must be 3xx"


def _direct_response(direct: Mapping[str, Any] | None) -> Iterator[str]:
    if direct is None:
        return
    yield from _status(direct.get("status", 0))
    body = direct.get("body") or {}
    if len(str(body.get("string") or "").encode()) > _LARGEST_BODY:
        yield ("large direct_responses may impact control plane performance, must be less than 1MB")


def _status(status: int) -> Iterator[str]:
    if not _LOWEST_STATUS <= status <= _HIGHEST_STATUS:
        yield f"HTTP status {status} is not in range 200-599"


def _rewrite(rewrite: Mapping[str, Any] | None) -> Iterator[str]:
    if rewrite is None:
        return
    if not any(rewrite.get(one) for one in ("uri", "uriRegexRewrite", "authority")):
        yield (
            "rewrite must specify at least one of URI, UriRegexRewrite, or authority. "
            "Only one of URI or UriRegexRewrite may be specified"
        )
    if rewrite.get("uri") and rewrite.get("uriRegexRewrite"):
        yield "rewrite may only contain one of URI or UriRegexRewrite"


def _fault(fault: Mapping[str, Any]) -> Iterator[str]:
    abort, delay = fault.get("abort") or {}, fault.get("delay") or {}
    yield from _percentage(abort.get("percentage"))
    if "httpStatus" in abort:
        yield from _status(abort["httpStatus"])
    yield from _percentage(delay.get("percentage"))


def _percentage(percentage: Mapping[str, Any] | None) -> Iterator[str]:
    value = (percentage or {}).get("value") or 0
    if value < 0 or value > 100 or 0 < value < _SMALLEST_PERCENTAGE:
        yield f"percentage {value} is neither 0.0, nor in range [0.0001, 100.0]"


def _cors(policy: Mapping[str, Any]) -> Iterator[str]:
    for one in policy.get("allowOrigins") or []:
        yield from regex_errors("corsPolicy.allowOrigins", one.get("regex", ""))
    for method in policy.get("allowMethods") or []:
        if method not in _METHODS and method != "*":
            yield f'"{method}" is not a supported HTTP method'
    age = policy.get("maxAge")
    if age and (durations.nanoseconds(age) or 0) < _MILLISECOND:
        yield "duration must be greater than 1ms"


def _mirrors(route: Mapping[str, Any]) -> Iterator[str]:
    if route.get("mirror") and route.get("mirrors"):
        yield "HTTP route cannot contain both mirror and mirrors"
    whole = (route.get("mirrorPercentage") or {}).get("value") or 0
    if whole > 100:
        yield f"mirror_percentage must have a max value of 100 (it has {whole:f})"
    for one in route.get("mirrors") or []:
        value = (one.get("percentage") or {}).get("value") or 0
        if value > 100:
            yield f"mirror percentage must have a max value of 100 (it has {value:f})"


def _retry_on(conditions: str) -> Iterator[str]:
    for one in conditions.split(",") if conditions else []:
        status = one.isdigit() and 100 <= int(one) < 600
        if one not in _RETRY_ON and not status:
            yield f'"{one}" is not a valid retryOn policy'
