"""Which filter is judged: sources, builds, published modules."""
