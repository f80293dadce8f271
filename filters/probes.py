"""Tiny modules that the framework itself needs, most of them broken on purpose."""

from filters.sources import HERE, InvalidSource, Source

FOLDER = HERE / "probes"


def names() -> tuple[str, ...]:
    """Return the probes there are, such as empty, refuse and trap."""
    return tuple(sorted(path.name for path in FOLDER.iterdir() if path.is_dir()))


def source(name: str) -> Source:
    """Return the source of a probe; build it with `build.compiled`, which does not judge it."""
    if name not in names():
        raise InvalidSource(f"there is no probe {name!r}; there are {', '.join(names())}")
    return Source(folder=FOLDER / name, name=f"probe-{name}", contract="any", language="cpp")
