"""The oracle: what the gateway must answer to a request under a configuration.

Two answers are worked out for each request. `upstream` is what the published plugin does, read
from its source (istio-ecosystem/wasm-extensions, extensions/basic_auth/plugin.cc); `hardened` is
what a filter does that leaves nothing open. Where they agree the expectation is core; where they
differ, the second one is hardened. Nothing here knows how a filter is written.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from suites.basic_auth import careless, literal

if TYPE_CHECKING:
    from collections.abc import Mapping


class Verdict(StrEnum):
    """What becomes of a request."""

    PASS = "reaches the application"
    CHALLENGE = "401"


@dataclass(frozen=True, slots=True)
class Request:
    """What a filter sees of a request; `authorization` is the header's whole value."""

    method: str
    path: str
    host: str = ""
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as configured; `match` is prefix, exact or suffix, credentials are decoded."""

    match: str
    path: str
    methods: tuple[str, ...]
    credentials: tuple[bytes, ...]
    hosts: tuple[str, ...] = ()


def authorization(user: str, password: str) -> str:
    """Return the value of the Authorization header for these credentials."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def rules(configuration: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Return the rules of a valid configuration."""
    return tuple(_rule(entry) for entry in configuration["basic_auth_rules"])


def _rule(entry: Mapping[str, Any]) -> Rule:
    (match,) = entry.keys() & {"prefix", "exact", "suffix"}
    return Rule(
        match=match,
        path=entry[match],
        methods=tuple(entry["request_methods"]),
        credentials=tuple(_credential(text) for text in entry["credentials"]),
        hosts=tuple(entry.get("hosts", ())),
    )


def _credential(text: str) -> bytes:
    return text.encode() if ":" in text else base64.b64decode(text + "=" * (-len(text) % 4))


def upstream(configuration: Mapping[str, Any], request: Request) -> Verdict:
    """Return what the published plugin does with a request."""
    covering = (
        rule
        for rule in rules(configuration)
        if request.method in rule.methods
        and literal.path_covered(rule.match, rule.path, request.path)
        and literal.host_covered(rule.hosts, request.host)
    )
    return _verdict(all(_sent_literally(rule, request.authorization) for rule in covering))


def hardened(configuration: Mapping[str, Any], request: Request) -> Verdict:
    """Return what a filter does with a request that leaves nothing open."""
    covering = (
        rule
        for rule in rules(configuration)
        if _lists(rule, request.method)
        and careless.path_covered(rule.match, rule.path, request.path)
        and careless.host_covered(rule.hosts, request.host)
    )
    sent = _sent(request.authorization)
    return _verdict(all(sent in rule.credentials for rule in covering))


def expected(configuration: Mapping[str, Any], request: Request) -> tuple[Verdict, str]:
    """Return what must become of a request and the level of that expectation."""
    verdict = hardened(configuration, request)
    agreed = verdict is upstream(configuration, request)
    return verdict, "core" if agreed else "hardened"


def challenged_samples(configuration: Mapping[str, Any]) -> tuple[Request, ...]:
    """Return one request without credentials for each rule, which that rule covers."""
    return tuple(
        Request(
            method=rule.methods[0],
            path=rule.path if rule.path.startswith("/") else f"/{rule.path}",
            host=(rule.hosts[0].replace("*", "any") if rule.hosts else ""),
        )
        for rule in rules(configuration)
    )


def _verdict(satisfied: bool) -> Verdict:
    return Verdict.PASS if satisfied else Verdict.CHALLENGE


def _sent_literally(rule: Rule, authorization: str | None) -> bool:
    # plugin.cc compares base64 texts and never decodes what the client sent.
    accepted = {"Basic " + base64.b64encode(text).decode() for text in rule.credentials}
    return authorization in accepted


def _lists(rule: Rule, method: str) -> bool:
    # RFC 9110 section 9.3.2: HEAD asks for what GET would tell.
    return method in rule.methods or (method == "HEAD" and "GET" in rule.methods)


def _sent(authorization: str | None) -> bytes | None:
    """Return `user:password` as sent, None for anything but the Basic scheme and good base64."""
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() != "basic":  # RFC 9110 section 11.1: a scheme has no letter case
        return None
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:  # also for letters outside ASCII
        return None
    # Another text for the same bytes is not what a client sends.
    return decoded if base64.b64encode(decoded).decode() == text else None
