"""`python -m filters build FOLDER`."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments):
    command = (sys.executable, "-m", "filters", *arguments)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_build_prints_path_size_and_digest():
    done = run("build", "filters/headers/cpp")

    path, size, digest = done.stdout.splitlines()
    body = Path(path).read_bytes()
    assert done.returncode == 0
    assert size == f"{len(body)} bytes"
    assert digest == f"sha256 {hashlib.sha256(body).hexdigest()}"


def test_a_folder_that_is_no_filter_is_one_message_and_no_traceback(tmp_path):
    done = run("build", str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path} is no filter: No such file or directory")
    assert "Traceback" not in done.stderr


def test_without_a_command_the_usage_is_printed():
    done = run()

    assert done.returncode == 2
    assert "usage: python -m filters" in done.stderr


def test_the_schema_is_printed():
    assert run("schema").stdout == (ROOT / "filters" / "filter.schema.json").read_text("utf-8")


def test_a_project_is_begun_and_its_files_are_named(tmp_path):
    done = run("init", str(tmp_path / "demo"), "--language=cpp")

    assert done.returncode == 0, done.stderr
    *files, empty, hint = done.stdout.splitlines()
    assert all(Path(file).is_file() for file in files)
    assert (empty, hint) == ("", f"Next: python -m filters build {tmp_path}/demo")


def test_without_a_terminal_and_a_language_the_choices_are_named(tmp_path):
    done = run("init", str(tmp_path / "demo"))

    assert done.returncode == 2
    assert "--language is needed where no terminal can ask: cpp, rust, go" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_project_that_cannot_be_begun_is_one_message(tmp_path):
    done = run("init", str(tmp_path / "No_Name"), "--language=go")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("'No_Name' is no name for a filter")
