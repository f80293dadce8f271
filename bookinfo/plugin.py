"""Options, fixtures and hooks (filled in next)."""
