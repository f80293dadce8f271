"""What is in memory before the first test."""

# httpx gets it when it first needs it, and from then on knows its exceptions. pytester forgets what
# was first got within a run of its own, and the ones that come after would be strangers to httpx.
import httpcore  # noqa: F401
