"""What real istiod, its agent and a proxy under them say about a delivery, wherever they run."""
