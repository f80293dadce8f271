"""The embedded control plane: Istio documents in, Envoy configuration out."""
