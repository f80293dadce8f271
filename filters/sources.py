"""The sources of filters: folders with a `filter.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filters import declaration

HERE = Path(__file__).parent
#: What tools leave in a folder; none of it is source.
LEFT = frozenset((".git", "__pycache__", "node_modules", "target"))


@dataclass(frozen=True, slots=True)
class Edit:
    """One place of a source where `old` becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Source:
    """A filter that can be built: its folder, and the edits that make a mutant of it.

    `configuration` is one that it accepts, for checks that ask no more of it than to load.
    `max_overhead_ns` is what it may cost per request, None where it does not say.
    """

    folder: Path
    name: str
    contract: str
    language: str
    edits: tuple[Edit, ...] = ()
    configuration: str = ""
    max_overhead_ns: float | None = None

    @property
    def label(self) -> str:
        """Return the name that reports use, "basic-auth cpp"."""
        return f"{self.name} {self.language}"


class InvalidSource(ValueError):
    """A folder is not the source of a filter."""


def read(folder: Path) -> Source:
    """Return the filter whose `filter.toml` is in `folder`; raises InvalidSource."""
    manifest = folder / "filter.toml"
    try:
        found = declaration.parse(manifest.read_text("utf-8"), folder=folder.resolve().name)
    except OSError as error:
        raise InvalidSource(
            f"{folder} is no filter: {error.strerror} ({manifest})\n"
            'Hint: give it a filter.toml with contract = "…" and language = "…"'
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidSource(f"{manifest} is not valid TOML: {error}") from error
    except declaration.InvalidDeclaration as error:
        raise InvalidSource(f"{manifest}: {error}") from error
    return Source(
        folder=folder,
        name=found.name,
        contract=found.contract,
        language=found.language,
        configuration=found.configuration_text,
        max_overhead_ns=found.max_overhead_ns,
    )


def bundled() -> tuple[Source, ...]:
    """Every filter that comes with this project, ordered by folder."""
    return tuple(read(manifest.parent) for manifest in sorted(HERE.glob("*/*/filter.toml")))


def tree(source: Source, beside: Mapping[str, Path]) -> dict[str, bytes]:
    """Return the files that a build of `source` reads, with its edits made.

    The names are relative to the folder of the source. `beside` holds the files and folders
    elsewhere that it reads too, by the names that they get: "abi", "../../shared/go". Raises
    InvalidSource where one of these is missing or an edit does not fit exactly once.
    """
    contents = files(source.folder)
    for name, place in beside.items():
        if place.is_file():
            contents[name] = place.read_bytes()
        elif place.is_dir():
            contents |= {f"{name}/{inner}": body for inner, body in files(place).items()}
        else:
            raise InvalidSource(f"{source.label}: {name} is wanted, and there is no {place}")
    for edit in source.edits:
        body = contents.get(edit.file)
        count = 0 if body is None else body.count(edit.old.encode())
        if body is None or count != 1:
            raise InvalidSource(
                f"{source.name}: the text to replace occurs {count} times in {edit.file}, "
                f"not once: {edit.old!r}"
            )
        contents[edit.file] = body.replace(edit.old.encode(), edit.new.encode())
    return contents


def files(folder: Path) -> dict[str, bytes]:
    """Return the source files in a folder and below, by relative name."""
    return {
        name.as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if LEFT.isdisjoint((name := path.relative_to(folder)).parts)
        if path.is_file() and path.suffix != ".wasm"
    }
