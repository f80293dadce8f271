"""The proof that documents took effect; otherwise the explanation.

An ACK proves nothing alone (Envoy acknowledges refused bytes when they come twice), nor does the
dump (it shows a refused extension while the old one serves). So all of these must agree: the
control plane changed what the patches name, nothing is refused, nothing is awaited, the serving
listener holds exactly the filters that were sent with the router last, and a request is answered
as only the new configuration can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clusters import waiting
from clusters.pilot.explain import named
from clusters.pilot.tlssecrets import is_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clusters.cluster import Delivery, Proof
    from clusters.gateway import Gateway
    from clusters.proxy import ListenerState, Proxy

PROOF_SECONDS = 10.0
ABSENT_SECONDS = 1.0
ROUTER = "envoy.filters.http.router"


class NotProven(Exception):
    """Documents were applied and their effect could not be proven."""


class NotEffective(NotProven):
    """At least one patch changed nothing; the text says which condition failed."""


class Refused(NotProven):
    """The proxy refused the configuration; the text holds its own words."""


class FetchFailed(NotProven):
    """The agent could not get a module; the text holds its own words."""


class ProvesNothing(NotProven):
    """The proof holds without the documents too: the negative control failed."""


def check_delivery(delivery: Delivery) -> None:
    """Raise the first reason why a delivery cannot be in effect: patches, fetch, NACK, waiting."""
    if delivery.ineffective:
        reasons = [f"  {named(outcome)}: {outcome.sentence}" for outcome in delivery.ineffective]
        raise NotEffective(
            f"{len(reasons)} of {len(delivery.outcomes)} patches change nothing:\n"
            + "\n".join(reasons)
        )
    if delivery.fetch_failures:
        raise FetchFailed("\n".join(delivery.fetch_failures))
    if delivery.refusals:
        told = "\n".join(delivery.refusals)
        raise Refused(f"Envoy refused the configuration: {told}{_log(delivery.log)}")
    secrets = [name for name in delivery.waiting_for if is_secret(name)]
    if secrets:
        raise NotEffective(
            f"the proxy waits for the certificate {', '.join(secrets)}, which it is not given\n"
            "likely cause: no Secret of that name in the gateway's namespace has the keys for it, "
            "or the file cannot be read\n"
            "Hint: give the Secret with the documents, or ls -l the file"
        )
    if delivery.waiting_for:
        raise NotEffective(
            f"the listener waits for the extension {', '.join(delivery.waiting_for)}, which no "
            "EXTENSION_CONFIG patch gives it"
        )


def _log(text: str) -> str:
    return f"\nlast seen in its log:\n{text.strip()}" if text.strip() else ""


def check_listeners(
    proxy: Proxy, sent: Iterable[Mapping[str, Any]], *, may_drain: bool = False
) -> None:
    """Wait until every listener serves exactly the filters that were sent, the old ones gone.

    With `may_drain` one that was replaced may still serve the connections that it has. Raises
    waiting.TimedOut with the difference seen last.
    """
    expected = {listener["name"]: _filter_names(managers(listener)) for listener in sent}
    waiting.until(
        lambda: "; ".join(_differences(expected, proxy.listeners(), may_drain)) or "as sent",
        lambda difference: difference == "as sent",
        what="the proxy serving the listeners it was sent",
        within=PROOF_SECONDS,
    )


def _differences(
    expected: Mapping[str, list[list[str]]],
    found: Mapping[str, ListenerState],
    may_drain: bool,
) -> Iterable[str]:
    for name in found.keys() - expected.keys():
        if may_drain and found[name].draining and found[name].active is None:
            continue
        yield f"listener {name} is still there"
    for name, filters in expected.items():
        state = found.get(name)
        if state is None or state.active is None:
            yield f"listener {name} does not serve"
        elif state.error:
            yield f"listener {name} was refused: {state.error}"
        elif state.warming or (state.draining and not may_drain):
            yield f"listener {name} is {'warming' if state.warming else 'draining'}"
        elif _filter_names(state.http_filters()) != filters:
            yield f"listener {name} serves {_filter_names(state.http_filters())}, sent {filters}"
        elif any(ROUTER in chain[:-1] for chain in filters):
            yield f"listener {name} has filters after the router: {filters}"


def managers(listener: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the HTTP filters of each connection manager of a listener resource."""
    return [
        network["typed_config"].get("http_filters", [])
        for chain in listener.get("filter_chains", [])
        for network in chain.get("filters", [])
        if network["name"] == "envoy.filters.network.http_connection_manager"
    ]


def _filter_names(managers: Iterable[Iterable[Mapping[str, Any]]]) -> list[list[str]]:
    return [[http_filter["name"] for http_filter in manager] for manager in managers]


def check_absent(gateway: Gateway, proof: Proof) -> None:
    """Raise ProvesNothing if the proof holds before the documents are applied.

    Documents that were taken back a moment ago may act on the proxy's worker a little longer.
    """
    try:
        wait_for_effect(gateway, proof, present=False, within=ABSENT_SECONDS)
    except waiting.TimedOut:
        raise ProvesNothing(
            "the proof holds without the filter too, so it cannot show that the filter acts\n"
            f"last seen: {_last(gateway)}"
        ) from None


def wait_for_effect(
    gateway: Gateway,
    proof: Proof,
    *,
    present: bool,
    within: float | None = None,
    in_a_row: int = 1,
) -> None:
    """Wait until the gateway answers as the proof wants, or no longer does.

    Where several proxies answer in turn, so many answers `in_a_row` must agree. Raises
    waiting.TimedOut with the last exchange.
    """
    what = "the filter's effect on a new connection" if present else "the end of its effect"
    waiting.until(
        lambda: (proof(gateway), _last(gateway)),
        waiting.in_a_row(in_a_row, lambda seen: seen[0] is present),
        what=what,
        within=PROOF_SECONDS if within is None else within,
    )


def _last(gateway: Gateway) -> str:
    if not gateway.transcript:
        return "no request was sent"
    reply = gateway.transcript[-1][1]
    headers = "; ".join(f"{k}: {v}" for k, v in getattr(reply, "headers", ()))
    return f"{reply!r} [{headers}]"
