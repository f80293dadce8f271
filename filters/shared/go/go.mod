module istio-wasm-conformance/shared

go 1.24
