"""How amounts are told."""


def megabytes(count: float) -> str:
    """Return a number of bytes as "1.25 MB"."""
    return f"{count / 1e6:.2f} MB"
