"""The sources of filters: folders with a `filter.toml`."""

from dataclasses import dataclass
from pathlib import Path

from filters import declaration

HERE = Path(__file__).parent


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
    """

    folder: Path
    name: str
    contract: str
    language: str
    edits: tuple[Edit, ...] = ()
    configuration: str = ""

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
    )


def bundled() -> tuple[Source, ...]:
    """Every filter that comes with this project, ordered by folder."""
    return tuple(read(manifest.parent) for manifest in sorted(HERE.glob("*/*/filter.toml")))


def tree(source: Source, shared: Path | None) -> dict[str, bytes]:
    """Return the files that a build of `source` reads, by relative path, with its edits made.

    `shared` is a folder that every filter of the language includes from; its files appear under
    the folder's own name. Raises InvalidSource where an edit does not fit exactly once.
    """
    files = _files(source.folder)
    if shared is not None:
        files |= {f"{shared.name}/{name}": body for name, body in _files(shared).items()}
    for edit in source.edits:
        body = files.get(edit.file)
        count = 0 if body is None else body.count(edit.old.encode())
        if body is None or count != 1:
            raise InvalidSource(
                f"{source.name}: the text to replace occurs {count} times in {edit.file}, "
                f"not once: {edit.old!r}"
            )
        files[edit.file] = body.replace(edit.old.encode(), edit.new.encode())
    return files


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".wasm" and "__pycache__" not in path.parts
    }
