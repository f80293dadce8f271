"""What a filter costs per request, on the proxy's own clock, beside the same gateway without it."""
