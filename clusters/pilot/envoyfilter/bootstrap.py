"""BOOTSTRAP patches: what becomes of them without a pilot-agent that asks for them."""

from typing import TYPE_CHECKING

from clusters.pilot.envoyfilter.ledger import Depth

if TYPE_CHECKING:
    from clusters.pilot.envoyfilter.patching import Patching


def tell(patching: "Patching") -> None:
    """Note of every BOOTSTRAP patch why it has no effect: it is no part of what xDS carries."""
    text = (
        "BOOTSTRAP is never sent over xDS: pilot-agent merges it when a proxy starts, and only "
        "with BOOTSTRAP_XDS_AGENT=true, which is not emulated"
    )
    for patch in patching.family("BOOTSTRAP"):
        patching.ledger.failed(patch, Depth.OPERATION, text)
