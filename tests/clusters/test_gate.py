"""The gate's judgement, on states of a proxy made up for the purpose."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from clusters import gate, waiting
from clusters.cluster import Delivery
from clusters.gateway import Reply
from clusters.pilot.push import Outcome
from clusters.proxy import ListenerState

ROUTER = {"name": "envoy.filters.http.router"}
AUTH, CORS = {"name": "auth"}, {"name": "envoy.filters.http.cors"}


def listener(*filters, name="0.0.0.0_8080"):
    manager = {"http_filters": [*filters]}
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    return {"name": name, "filter_chains": [{"filters": [network]}]}


def fake_proxy(*states) -> Any:
    return SimpleNamespace(listeners=lambda: {state.name: state for state in states})


def state(*filters, warming=False, draining=False, error="", name="0.0.0.0_8080"):
    active = listener(*filters, name=name) if filters else None
    return ListenerState(name, active, warming, draining, error)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(gate, "PROOF_SECONDS", 0.02)


def test_a_listener_that_serves_what_was_sent_is_proof():
    gate.check_listeners(fake_proxy(state(AUTH, ROUTER)), [listener(AUTH, ROUTER)])


WRONG = {
    "filter missing": (state(ROUTER), "serves [['envoy.filters.http.router']], sent [['auth',"),
    "wrong order": (state(CORS, AUTH, ROUTER), "serves [['envoy.filters.http.cors', 'auth'"),
    "not active yet": (state(warming=True), "does not serve"),
    "old one still there": (state(AUTH, ROUTER, draining=True), "draining"),
    "new one warming": (state(AUTH, ROUTER, warming=True), "warming"),
    "refused": (state(AUTH, ROUTER, error="no such filter"), "was refused: no such filter"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_listener_that_differs_is_reported_with_the_difference(case):
    found, text = WRONG[case]

    with pytest.raises(waiting.TimedOut, match=re.escape(text)):
        gate.check_listeners(fake_proxy(found), [listener(AUTH, ROUTER)])


def test_a_filter_after_the_router_is_no_effect():
    with pytest.raises(waiting.TimedOut, match="after the router"):
        gate.check_listeners(fake_proxy(state(ROUTER, AUTH)), [listener(ROUTER, AUTH)])


def test_a_listener_that_should_be_gone_is_named():
    proxy = fake_proxy(state(AUTH, ROUTER), state(ROUTER, name="old"))

    with pytest.raises(waiting.TimedOut, match="listener old is still there"):
        gate.check_listeners(proxy, [listener(AUTH, ROUTER)])


def outcome(*, effective, sentence):
    return Outcome(
        document=("EnvoyFilter", "istio-system", "x"),
        index=0,
        apply_to="HTTP_FILTER",
        operation="ADD",
        effective=effective,
        sentence=sentence,
    )


GOOD: dict[str, Any] = {
    "outcomes": (outcome(effective=True, sentence="applied"),),
    "fetch_failures": (),
    "agent_nack": "",
    "refusals": (),
    "waiting_for": (),
    "log": "",
    "seconds": 0.0,
}
REASONS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "patch": (
        {"outcomes": (outcome(effective=False, sentence="no such filter"),)},
        gate.NotEffective,
        "1 of 1 patches change nothing:\n  EnvoyFilter istio-system/x configPatches[0] "
        "HTTP_FILTER ADD: no such filter",
    ),
    "fetch": ({"fetch_failures": ("status code 404",)}, gate.FetchFailed, "status code 404"),
    "nack": (
        {"refusals": ("Unable to create Wasm plugin p",), "log": "[critical] bad rule"},
        gate.Refused,
        "Unable to create Wasm plugin p\nlast seen in its log:\n[critical] bad rule",
    ),
    "waiting": ({"waiting_for": ("istio.auth",)}, gate.NotEffective, "extension istio.auth"),
}


@pytest.mark.parametrize("case", REASONS)
def test_a_delivery_that_cannot_be_in_effect_says_why(case):
    change, error, text = REASONS[case]

    with pytest.raises(error, match=re.escape(text)):
        gate.check_delivery(Delivery(**(GOOD | change)))


def test_a_delivery_without_such_a_reason_passes():
    gate.check_delivery(Delivery(**GOOD))


def fake_gateway(*statuses: int) -> Any:
    """A gateway that answers with these statuses in turn, and with the last one for ever."""
    left, transcript = list(statuses), []

    def status() -> int:
        now = left.pop(0) if len(left) > 1 else left[0]
        transcript.append((None, Reply(now, (("x", "y"),), b"", "curl -i http://h/")))
        return now

    return SimpleNamespace(status=status, transcript=transcript)


def denied(gateway):
    return gateway.status() == 401


def test_a_proof_that_holds_without_the_filter_proves_nothing():
    with pytest.raises(gate.ProvesNothing, match="<Reply 401 to: curl"):
        gate.check_absent(fake_gateway(401), denied)


def test_a_proof_that_fails_without_the_filter_is_a_negative_control():
    gate.check_absent(fake_gateway(200), denied)


def test_the_effect_is_waited_for():
    gateway = fake_gateway(200, 200, 401)
    gate.wait_for_effect(gateway, denied, present=True)

    assert len(gateway.transcript) == 3


def test_an_effect_that_never_comes_is_reported_with_the_last_reply():
    with pytest.raises(waiting.TimedOut, match=r"<Reply 200 to: curl.*\[x: y\]"):
        gate.wait_for_effect(fake_gateway(200), denied, present=True)


def test_an_effect_that_never_ends_is_reported():
    with pytest.raises(waiting.TimedOut, match="the end of its effect"):
        gate.wait_for_effect(fake_gateway(401), denied, present=False)
