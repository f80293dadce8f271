"""What the checks of fetching share: documents for a module, and what becomes of one not got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suites.delivery.replies import verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Whether the filter's config_discovery also allows what an agent puts in place of a module.
LISTS = {"wasm": False, "wasm and rbac": True}
#: Bounds every attempt of the agent together, so that a slow server costs no more than this.
TIMEOUT, TOO_SLOW = "0.2s", 5.0


def documents(cluster: Any, url: str, rules: str, *, lists: str = "wasm", **options: Any) -> str:
    """Return documents whose module must come within TIMEOUT."""
    options = {"timeout": TIMEOUT} | options
    return str(cluster.render(url, rules, name="fetched", rbac=LISTS[lists], **options))


def check(delivery: Any, gateway: Any, outcome: Mapping[str, Any], state: str) -> None:
    """Hold what happened against the row of outcomes.toml."""
    assert delivery.fetch_failures
    assert bool(delivery.agent_nack) is outcome["held"]
    if "refused" in outcome:
        assert outcome["refused"] in delivery.refusals[0]
    assert verdict(gateway) == state
