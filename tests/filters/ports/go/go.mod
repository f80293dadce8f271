module istio-wasm-conformance/harness

go 1.24

require (
	github.com/proxy-wasm/proxy-wasm-go-sdk v0.0.0-20250212164326-ab4161dcf924
	istio-wasm-conformance/basic_auth v0.0.0
	istio-wasm-conformance/headers v0.0.0
	istio-wasm-conformance/shared v0.0.0
)

replace (
	istio-wasm-conformance/basic_auth => ../../../../filters/basic_auth/go
	istio-wasm-conformance/headers => ../../../../filters/headers/go
	istio-wasm-conformance/shared => ../../../../filters/shared/go
)
