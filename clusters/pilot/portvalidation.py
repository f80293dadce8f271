"""What the number of a port must be, whoever names it."""

from collections.abc import Iterator

_HIGHEST_PORT = 65535


def number_errors(number: int) -> Iterator[str]:
    """Yield what istiod would refuse in a port's number."""
    if not 1 <= number <= _HIGHEST_PORT:
        yield f"port number {number} must be in the range 1..65535"
