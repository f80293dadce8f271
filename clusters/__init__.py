"""Where a filter runs: the places, the gateway, the proof that documents took effect."""
