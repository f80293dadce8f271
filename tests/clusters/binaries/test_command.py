"""`python -m clusters binaries`: what it prints, and how it ends."""

import io
import subprocess
import sys

import pytest

from clusters import __main__ as command
from clusters.local.binaries import keeping, store
from clusters.local.binaries.progress import EVERY_SECONDS, Progress, amount
from tests.clusters.binaries import hub


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "istio-wasm-conformance" / "istio"


@pytest.fixture
def run(capsys):
    def main(*arguments):
        code = command.main(["binaries", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return main


def keep(version):
    def fill(files, _):
        (files / "pilot-agent").write_bytes(bytes(1_500_000))
        return "of this test"

    return keeping.keep(keeping.Key(version, store.BUILT), fill, tell=print)[0]


BUILDABLE = (
    "Go can build: 1.24.0, 1.31.0-dev.20260827 "
    "(python -m clusters binaries build --istio=RELEASE)\n"
)


def test_an_empty_cache_is_said_to_be_empty(run, folder):
    assert run("list") == (0, f"there are no binaries in {folder}\n{BUILDABLE}", "")


def test_the_list_tells_version_files_origin_size_and_place(run):
    entry = keep("1.24.0")

    assert run("list") == (
        0,
        f"1.24.0: pilot-agent · of this test\n  1.5 MB in {entry.folder}\n{BUILDABLE}",
        "",
    )


def test_the_list_tells_damage_and_what_lies_half_downloaded(run, folder):
    entry = keep("1.24.0")
    (entry.folder / "pilot-agent").write_bytes(bytes(3))
    (folder / "blobs").mkdir()
    (folder / "blobs" / "0.part").write_bytes(bytes(250_000))
    _, out, _ = run("list")

    assert (
        "DAMAGED: the cached binaries of Istio 1.24.0 are damaged: pilot-agent has 3 bytes" in out
    )
    assert f"\n0.2 MB of unfinished downloads in {folder}/blobs\n" in out


def test_a_damaged_build_between_releases_is_mended_by_a_command_that_works(run):
    entry = keep("1.31.0-dev.20260827")
    (entry.folder / "pilot-agent").unlink()

    assert "Hint: python -m clusters binaries build --istio=1.31\n" in run("list")[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("build", "--istio=1.9"),
            "no module version is known for Istio 1.9.9; Go can build 1.24.0",
        ),
        (("fetch", "--istio=1.9.99"), "unknown Istio release '1.9.99'"),
        (("fetch", "--hub=127.0.0.1:1/x"), "127.0.0.1:1 cannot be asked"),
    ],
)
def test_what_cannot_be_done_is_told_on_standard_error(run, arguments, told):
    code, out, err = run(*arguments)

    assert (code, out) == (1, "")
    assert err.startswith(told)
    assert "Hint: " in err
    assert "Traceback" not in err


def test_several_releases_are_fetched_by_one_command(run, docker_registry):
    images = {}
    for version in (hub.VERSION, "1.23.6"):
        images = {"pilot": hub.pilot(version), "proxyv2": hub.proxy(version)}
        at = hub.push(docker_registry.host, "several", images, tag=version)
    code, out, err = run("fetch", f"--istio={hub.VERSION}", "--istio=1.23", f"--hub={at}")

    assert code == 0, err
    assert out.splitlines()[::2] == [
        f"{entry.version} is ready: {entry.origin}" for entry in reversed(store.entries())
    ]
    assert "1.23.6 was there: " in run("fetch", "--istio=1.23", f"--hub={at}")[1]


def test_a_full_disk_is_one_message(run, docker_registry, monkeypatch):
    at = hub.push(docker_registry.host, "full-disk", {"pilot": hub.pilot(), "proxyv2": hub.proxy()})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("clusters.local.binaries.layers.View.extract", full)
    code, _, err = run("fetch", f"--istio={hub.VERSION}", f"--hub={at}")

    assert code == 1
    assert f"{store.root()}: No space left on device\nHint: df -h" in err
    assert store.entries() == []


def test_a_terminal_shows_one_line_that_moves():
    screen = io.StringIO()
    progress = Progress(screen, moves=True)
    progress.at("1")
    progress.at("1")
    progress.at("2")
    progress.line("done")
    progress.at("3")
    progress.done()

    clear = "\r\x1b[K"
    assert screen.getvalue() == f"{clear}  1{clear}  2{clear}done\n{clear}  3{clear}"


def test_elsewhere_a_line_now_and_then_says_that_work_goes_on(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    screen = io.StringIO()
    progress = Progress(screen, moves=False)
    for second in range(int(EVERY_SECONDS) * 2):
        now[0] = float(second)
        progress.at(f"at {second}")
    progress.done()

    assert screen.getvalue() == f"  at {int(EVERY_SECONDS)}\n"


def test_amounts_are_megabytes():
    assert amount(12_345_678) == "12.3 MB"


def test_a_command_does_not_pay_for_what_another_one_imports():
    code = (
        "import sys; from clusters import __main__; __main__.main(['binaries', 'list']); "
        "sys.exit(any(name in sys.modules for name in ('clusters.explaining', 'httpx', 'grpc')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        command.main(["--help"])

    said = capsys.readouterr().out
    assert all(f"    {name} " in said for name in command.COMMANDS)
