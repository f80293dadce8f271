"""What Istio promises about where a filter stands and when it acts, seen at the gateway."""
