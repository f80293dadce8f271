"""The files of a new project: from templates, for one language."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from filters.sources import HERE as FILTERS

TEMPLATES = Path(__file__).with_name("templates")
SUFFIX = ".in"  # keeps tools from taking a template for what it will become

#: One that documents, crates, Go modules and packages can carry.
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 50


class InvalidProject(ValueError):
    """No project can be made there; the text says why. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Starter:
    """What a new project of one language begins with.

    `abi` is the version that its modules export. `borrowed` are files of the bundled headers
    filter that fit it as they are: locks above all, which then are those that the tests of this
    project build with.
    """

    language: str
    title: str
    source: str
    build: tuple[str, ...]
    template: str
    abi: str = "v0.2.1"
    borrowed: tuple[str, ...] = ()


STARTERS = (
    Starter(
        language="cpp",
        title="C++",
        source="filter.cc",
        build=(
            "python -m ziglang c++ -target wasm32-wasi -mexec-model=reactor -std=c++20 -Os -s \\",
            "    -fno-exceptions -I @ABI@ -o filter.wasm filter.cc",
        ),
        template="cpp",
    ),
    Starter(
        language="rust",
        title="Rust",
        source="src/lib.rs",
        build=("rustup target add wasm32-wasip1", "cargo build --release --target wasm32-wasip1"),
        template="rust",
    ),
    Starter(
        language="go",
        title="Go",
        source="main.go",
        build=("GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o filter.wasm .",),
        template="go",
        abi="v0.2.0",
        borrowed=("headers/go/go.sum",),
    ),
    Starter(
        language="tinygo",
        title="Go, compiled by TinyGo",
        source="main.go",
        build=("tinygo build -o filter.wasm -target=wasip1 -buildmode=c-shared -scheduler=none .",),
        template="go",
        abi="v0.2.0",
        borrowed=("headers/go/go.sum",),
    ),
    Starter(
        language="assemblyscript",
        title="AssemblyScript",
        source="assembly/index.ts",
        build=("npm ci", "node node_modules/assemblyscript/bin/asc.js --config asconfig.json"),
        template="assemblyscript",
        borrowed=tuple(
            f"headers/assemblyscript/{name}"
            for name in ("package.json", "package-lock.json", "asconfig.json", ".npmrc")
        ),
    ),
)


def create(folder: Path, language: str) -> tuple[Path, ...]:
    """Write a project that builds at once, and return its files; raises InvalidProject.

    The folder's name is the filter's. Nothing that exists is touched.
    """
    starter = _starter(language)
    name = folder.resolve().name
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise InvalidProject(
            f"{name!r} is no name for a filter: lower-case letters, digits and single -, beginning "
            f"with a letter, at most {LONGEST} characters\nHint: python -m filters init my-filter"
        )
    common = _filled_from("common", _values(starter, name, folder))
    return write(folder, code(language, name) | common)


def code(language: str, name: str) -> dict[str, bytes]:
    """Return the files of a project that a build reads, by their path in it."""
    starter = _starter(language)
    borrowed = {Path(path).name: (FILTERS / path).read_bytes() for path in starter.borrowed}
    return borrowed | _filled_from(starter.template, {"NAME": name})


def write(folder: Path, files: dict[str, bytes]) -> tuple[Path, ...]:
    """Write files into a new or empty folder and return their paths; raises InvalidProject."""
    written = []
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise InvalidProject(f"{folder} is not empty, and nothing is overwritten")
        for path, body in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(body)
            written.append(target)
    except OSError as error:
        raise InvalidProject(f"cannot write to {folder}: {error.strerror}") from error
    return tuple(written)


def _starter(language: str) -> Starter:
    return next(each for each in STARTERS if each.language == language)


def _values(starter: Starter, name: str, folder: Path) -> dict[str, str]:
    return {
        "BUILD": "\n".join(
            f"$ {line}" if line[0] != " " else f"> {line}" for line in starter.build
        ),
        "NAME": name,
        "MODULE": name.replace("-", "_"),
        "LANGUAGE": starter.language,
        "LANGUAGE_NAME": starter.title,
        "SOURCE": starter.source,
        "FOLDER": _from_suite(folder.resolve()),
        "ABI_VERSION": starter.abi,
        "ABI": str(FILTERS / "abi"),
    }


def _filled_from(part: str, values: dict[str, str]) -> dict[str, bytes]:
    root = TEMPLATES / part
    files = {}
    for path in sorted(each for each in root.rglob(f"*{SUFFIX}") if each.is_file()):
        relative = path.relative_to(root).as_posix().removesuffix(SUFFIX)
        files[_filled(relative, values)] = _filled(path.read_text("utf-8"), values).encode()
    return files


def _from_suite(folder: Path) -> str:
    """Return how a folder is called from that of the suite, where its commands are run."""
    suite = FILTERS.parent
    path = folder.relative_to(suite) if folder.is_relative_to(suite) else folder
    return shlex.quote(str(path))


def _filled(text: str, values: dict[str, str]) -> str:
    for key, value in values.items():  # what BUILD holds is filled too: it comes first
        text = text.replace(f"@{key}@", value)
    return text
