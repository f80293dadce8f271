"""The filter that a new project begins with, broken so that it crashes: one for each language."""

from dataclasses import dataclass
from pathlib import Path

from filters.scaffold import project
from filters.sources import Edit, InvalidSource, Source


@dataclass(frozen=True, slots=True)
class Crash:
    """How a filter of one language ends on every response; `how` says it in words."""

    how: str
    edit: Edit


_GO = Crash(
    how="a panic",
    edit=Edit(
        file="main.go",
        old="\tif err := proxywasm.ReplaceHttpResponseHeader",
        new='\tpanic("on purpose")\n\tif err := proxywasm.ReplaceHttpResponseHeader',
    ),
)
CRASHES = {
    "cpp": Crash(
        how="a trap",
        edit=Edit(
            file="filter.cc",
            old='wasm::replace_header(wasm::Map::response_headers, "hello", "world");',
            new="__builtin_trap();",
        ),
    ),
    "rust": Crash(
        how="a panic",
        edit=Edit(
            file="src/lib.rs",
            old='self.set_http_response_header("hello", Some("world"));',
            new='panic!("on purpose");',
        ),
    ),
    "go": _GO,
    "tinygo": _GO,
    "assemblyscript": Crash(
        how="a thrown error",
        edit=Edit(
            file="assembly/index.ts",
            old='host.replaceHeader(host.Headers.response, "hello", "world");',
            new='throw new Error("on purpose");',
        ),
    ),
}


def source(language: str, folder: Path) -> Source:
    """Return a filter that crashes, its project written below `folder`.

    Raises InvalidSource where nothing is known of the language.
    """
    if language not in CRASHES:
        known = ", ".join(CRASHES)
        raise InvalidSource(f"how a filter in {language!r} crashes is not known; known are {known}")
    name = f"crash-{language}"
    # Without README and the like, which name the folder: the same crash is not built twice.
    project.write(folder / name, project.code(language, name))
    return Source(
        folder=folder / name,
        name=name,
        contract="any",
        language=language,
        edits=(CRASHES[language].edit,),
    )
