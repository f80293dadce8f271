"""How a run marks what is its own in a cluster: a field manager and a label."""

FIELD_MANAGER = "istio-wasm-conformance"
RUN_LABEL = "istio-wasm-conformance/run"
#: On a run's Lease: its process, for those on the same machine (clusters/existing/identity.py).
PROCESS_ANNOTATION = "istio-wasm-conformance/process"
#: On a run's Lease: the gateway it works with, "istio-system/istio=ingressgateway".
GATEWAY_ANNOTATION = "istio-wasm-conformance/gateway"
