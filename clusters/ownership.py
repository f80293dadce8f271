"""How a run marks what is its own in a cluster: a field manager and a label."""

FIELD_MANAGER = "istio-wasm-conformance"
RUN_LABEL = "istio-wasm-conformance/run"
