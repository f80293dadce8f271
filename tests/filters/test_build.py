"""Builds come from the cache when nothing changed, and never half."""

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clusters import waiting
from filters import build, cache, sources, toolchains, wasm
from filters.cpp import Zig
from filters.sources import Edit, Source
from tests.filters.handmade import module

ROOT = Path(__file__).parents[2]
LARGEST = {"go": 3_000_000, "rust": 200_000}  # bytes; the other languages need less

# A compiler that writes down that it ran, and copies its input; it waits where told to.
COMPILER = """
import os, pathlib, sys, threading
here = pathlib.Path({log!r})
with (here / "runs").open("a") as file:
    file.write(os.getcwd() + chr(10))
body = pathlib.Path("a.src").read_bytes()
output = pathlib.Path(sys.argv[1])
if body == b"broken":
    sys.exit("a.src:1: this is broken")
output.write_bytes(body[:4])
if (here / "wait").exists():
    (here / "pid").write_text(str(os.getpid()))
    threading.Event().wait(60)
output.write_bytes(body)
"""


class Compiler:
    def __init__(self, folder, version="fake 1.0"):
        self.folder = folder
        script = folder / "compiler.py"
        script.write_text(COMPILER.format(log=str(folder)))
        self.toolchain = Zig(
            version=version,
            program=(sys.executable, str(script)),
            flags=("filter.wasm",),
            suffix=".src",
        )

    @property
    def runs(self):
        log = self.folder / "runs"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    compiler = Compiler(tmp_path)
    monkeypatch.setattr(toolchains, "find", lambda language: compiler.toolchain)
    return compiler


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a.src").write_bytes(module())
    return Source(folder=folder, name="some", contract="any", language="cpp")


def left():
    """Everything in the cache but finished modules, what they took, and their locks."""
    files = (path for path in cache.folder().rglob("*") if path.is_file())
    return [path.name for path in files if path.suffix not in (".wasm", ".seconds", ".lock")]


def test_a_module_knows_how_long_its_build_took(compiler, source):
    first, again = build.build(source), build.build(source)
    (kept,) = (cache.folder() / "modules").glob("*.seconds")

    assert first.build_seconds is not None
    assert again.build_seconds == first.build_seconds >= 0
    kept.write_text("no number")
    assert build.build(source).build_seconds is None
    kept.unlink()
    assert build.build(source).build_seconds is None
    assert compiler.runs == 1


def test_a_module_says_what_it_is(compiler, source):
    built = build.build(source)

    assert (built.label, built.contract, built.size) == ("some cpp", "any", len(module()))
    assert built.read() == module()
    assert built.path.is_relative_to(cache.folder())


def test_the_second_build_comes_from_the_cache(compiler, source):
    assert build.build(source) == build.build(source)
    assert compiler.runs == 1


def test_a_cached_module_needs_no_lock_and_so_no_writable_folder(compiler, source, monkeypatch):
    first = build.build(source)
    monkeypatch.setattr(cache, "writing", lambda *_: pytest.fail("the cache was to be written"))

    assert build.build(source) == first


@pytest.mark.parametrize("name", ["a.src", "sub/included.h"])
def test_an_edited_new_or_renamed_file_means_another_build(compiler, source, name):
    first = build.build(source)
    path = source.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(module([("env", "proxy_done", ":i")]))
    second = build.build(source)
    path.rename(path.with_name("z.h")) if name != "a.src" else path.write_bytes(module())
    third = build.build(source)

    assert first.path != second.path
    assert (third.path == first.path) is (name == "a.src")
    assert compiler.runs == (2 if name == "a.src" else 3)


def test_another_version_or_flag_of_the_compiler_means_another_build(compiler, source, tmp_path):
    paths = {build.build(source).path}
    for changes in ({"version": "fake 1.1"}, {"flags": ("filter.wasm", "-O3")}):
        fields = {name: getattr(compiler.toolchain, name) for name in Zig.__slots__}
        compiler.toolchain = Zig(**(fields | changes))
        paths.add(build.build(source).path)

    assert len(paths) == 3


def test_a_copy_of_the_source_elsewhere_is_the_same_build(compiler, source, tmp_path):
    first = build.build(source)
    source.folder.rename(tmp_path / "moved")
    second = build.build(Source(tmp_path / "moved", "some", "any", "cpp"))

    assert first == second


def test_an_edit_of_a_mutant_is_what_the_compiler_sees(compiler, source):
    (source.folder / "a.src").write_bytes(b"proper text, proper ending")
    mutant = Source(source.folder, "m", "any", "cpp", edits=(Edit("a.src", "text", "mistake"),))

    assert build.compiled(mutant).read() == b"proper mistake, proper ending"


def test_parallel_builds_of_one_source_run_the_compiler_once(compiler, source):
    with ThreadPoolExecutor(8) as pool:
        built = list(pool.map(lambda _: build.build(source), range(8)))

    assert len(set(built)) == 1
    assert compiler.runs == 1
    assert left() == []


def test_a_progress_line_comes_with_a_build_and_not_with_the_cache(compiler, source):
    lines: list[str] = []
    build.build(source, progress=lines.append)
    build.build(source, progress=lines.append)

    (line,) = lines
    assert line.startswith("filter some cpp built in ")
    assert line.endswith(" s")


def test_a_compile_error_is_shown_as_the_compiler_gave_it(compiler, source):
    (source.folder / "a.src").write_bytes(b"broken")

    with pytest.raises(build.BuildFailed) as caught:
        build.build(source)

    text = str(caught.value)
    assert text.startswith("some cpp does not compile (exit code 1)\na.src:1: this is broken\n")
    assert "compiler.py filter.wasm" in text
    assert str(source.folder) in text
    assert left() == []


def test_a_compiler_that_never_ends_is_ended(compiler, source, tmp_path, monkeypatch):
    (tmp_path / "wait").touch()
    monkeypatch.setattr(build, "TIMEOUT", 1.0)

    with pytest.raises(build.BuildFailed, match="the compiler was not done after 1 s"):
        build.build(source)
    assert left() == []
    pid = int((tmp_path / "pid").read_text())
    waiting.until(lambda: running(pid), lambda it: not it, within=5, what="the end")


def test_a_folder_without_a_file_to_compile_is_named(compiler, source):
    (source.folder / "a.src").rename(source.folder / "a.txt")

    with pytest.raises(build.BuildFailed, match=r"no \*\.src file in .*/source"):
        build.build(source)


def test_a_module_that_no_proxy_loads_is_an_error_of_the_build(compiler, source):
    (source.folder / "a.src").write_bytes(module(exports=("malloc",)))

    with pytest.raises(wasm.InvalidModule, match="some cpp is not a module that Envoy loads: "):
        build.build(source)


def test_a_cache_that_cannot_be_written_is_one_clear_error(compiler, source, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    with pytest.raises(cache.CacheUnwritable) as caught:
        build.build(source)

    folder = tmp_path / "file" / "istio-wasm-conformance"
    assert str(caught.value).startswith(f"cannot write the build cache {folder}: Not a directory\n")
    assert "Hint: XDG_CACHE_HOME=" in str(caught.value)


def test_a_relative_cache_home_is_ignored_as_its_specification_says(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/path")

    assert cache.folder() == Path.home() / ".cache" / "istio-wasm-conformance"


def running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's parent-death signal")
def test_a_killed_build_leaves_no_half_module_and_no_compiler(compiler, source, tmp_path):
    (tmp_path / "wait").touch()
    program = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from filters import build, toolchains
        from filters.sources import Source
        from filters.cpp import Zig
        toolchains.find = lambda language: {compiler.toolchain!r}
        build.build(Source(Path({str(source.folder)!r}), "some", "any", "cpp"))
    """)
    builder = subprocess.Popen((sys.executable, "-c", program))
    pid_file = tmp_path / "pid"
    waiting.until(
        lambda: pid_file.exists() and pid_file.read_text(), bool, within=20, what="the compiler"
    )
    pid = int(pid_file.read_text())
    os.kill(builder.pid, signal.SIGKILL)
    builder.wait()

    waiting.until(lambda: running(pid), lambda it: not it, within=5, what="its end")
    assert not list((cache.folder() / "modules").glob("*.wasm"))
    (tmp_path / "wait").unlink()
    assert build.build(source).read() == module()
    assert left() == []


def test_the_bundled_filters_build_from_the_cache_in_a_moment_and_carry_no_path():
    built = [build.build(source) for source in sources.bundled()]

    assert {module.label for module in built} >= {"basic-auth cpp", "headers cpp"}
    for item in built:
        assert item.size < LARGEST.get(item.language, 100_000)
        assert b"/home" not in item.read()
        assert str(ROOT).encode() not in item.read()


def test_a_mistake_in_cpp_is_shown_with_its_line(tmp_path):
    (tmp_path / "filter.cc").write_text("#include <string>\nint x = std::strin();\n")

    with pytest.raises(build.BuildFailed, match=r"(?s)filter\.cc:2:14: .*zig.*c\+\+"):
        build.build(Source(tmp_path, "wrong", "any", "cpp"))


def test_a_missing_compiler_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(toolchains.ToolchainMissing, match=r"(?s)ziglang is not.*Hint: uv sync"):
        toolchains.find("cpp")


def test_an_unknown_language_names_the_known_ones():
    with pytest.raises(toolchains.UnknownLanguage, match=r"nothing here builds 'cobol'; .* cpp"):
        toolchains.find("cobol")
