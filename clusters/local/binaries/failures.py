"""How getting an image fails."""


class FetchFailed(RuntimeError):
    """An image could not be had; the text says which request failed and how."""


class BrokenOff(RuntimeError):
    """A blob's bytes ended early; asking again from there on may give the rest."""
