"""What istiod makes of EnvoyFilter documents."""
