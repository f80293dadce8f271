"""How the product page answers, in a word."""

from __future__ import annotations


def challenged(gateway) -> bool:
    """Tell whether the product page asks for credentials."""
    return bool(gateway.send("GET", "/productpage").status == 401)


def verdict(gateway) -> str:
    """Tell in a word how the product page answers: open, guarded, or the status."""
    without = gateway.send("GET", "/productpage").status
    allowed = gateway.send("GET", "/productpage", auth=("ok", "test")).status
    words = {(200, 200): "open", (401, 200): "guarded"}
    return words.get(
        (without, allowed), str(without) if without == allowed else f"{without}/{allowed}"
    )
