"""The local place: one Envoy process on this machine."""
