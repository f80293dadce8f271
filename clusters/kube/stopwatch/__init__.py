"""What a filter costs per request at a gateway in a cluster, on the clock of its own proxy."""
