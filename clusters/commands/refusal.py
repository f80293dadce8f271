"""How a command ends that cannot do what it was asked for."""


class Refused(Exception):
    """The text says why, and what to do; a command raises it in place of its own rooms' errors."""
