"""What CI runs exists here: scripts, options, subcommands; and it may do no more than it must."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
PAGES = (ROOT / "docs/ci.md", ROOT / "docs/matrix.md")
PINNED = re.compile(r"[\w-]+/[\w/-]+@[0-9a-f]{40}")


def _name(path):
    return str(path.relative_to(ROOT))


def _examples(page):
    found = re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(text) for text in found]


def _strings(node, key=""):
    """Return every text below a key `run` or `script`."""
    if isinstance(node, dict):
        return [text for name, value in node.items() for text in _strings(value, name)]
    if isinstance(node, list):
        return [text for value in node for text in _strings(value, key)]
    return [node] if key in ("run", "script", "before_script") else []


def _commands():
    sources = {path: [yaml.safe_load(path.read_text())] for path in (*WORKFLOWS, *ACTIONS)}
    sources |= {page: _examples(page) for page in PAGES}
    return [(_name(path), text) for path, found in sources.items() for text in _strings(found)]


def _each(commands):
    return [pytest.param(text, id=f"{name}-{at}") for at, (name, text) in enumerate(commands)]


COMMANDS = _commands()


@pytest.fixture(scope="module")
def pytest_options():
    help_text = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    return set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", help_text))


def test_there_are_commands_of_every_source_to_look_at():
    assert {name for name, _ in COMMANDS} == {
        _name(path) for path in (*WORKFLOWS, *ACTIONS, *PAGES)
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=_name)
def test_a_workflow_may_read_the_repository_and_nothing_else(path):
    workflow = yaml.safe_load(path.read_text())

    assert workflow["permissions"] == {"contents": "read"}
    assert not [name for name, job in workflow["jobs"].items() if "permissions" in job]


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=_name)
def test_every_action_of_others_is_pinned_to_a_commit_and_tells_its_version(path):
    used = re.findall(r"uses: (.*)", path.read_text())

    for each in used:
        action, _, comment = each.partition(" # ")
        assert action.startswith("./.github/") or (
            PINNED.fullmatch(action) and re.fullmatch(r"v\d+\.\d+\.\d+", comment)
        ), each
    assert used


@pytest.mark.parametrize("path", WORKFLOWS, ids=_name)
def test_every_job_ends_in_a_bounded_time_and_leaves_no_token_behind(path):
    for name, job in yaml.safe_load(path.read_text())["jobs"].items():
        assert job["timeout-minutes"] <= 60, name
        checkouts = [s for s in job["steps"] if s.get("uses", "").startswith("actions/checkout@")]
        assert checkouts, name
        assert all(step["with"]["persist-credentials"] is False for step in checkouts), name


def _words(text):
    """Return the words of each command of a step, what stands in quotes taken apart too."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        words = shlex.split(line, comments=True)
        yield [part for word in words for part in (word.split() if "=-" in word else [word])]


@pytest.mark.parametrize("text", _each(COMMANDS))
def test_what_a_step_runs_is_there(text):
    for words in _words(text):
        for word in words:
            if re.match(r"(\.ci|suites|tests)/", word):
                assert (ROOT / word).exists(), word
            if word.startswith(".ci/"):
                assert (ROOT / word).stat().st_mode & 0o100, f"{word} cannot be run"


@pytest.mark.parametrize(
    "text", _each(one for one in COMMANDS if re.search(r"make conformance|pytest", one[1]))
)
def test_every_option_of_a_run_is_one_that_pytest_knows(text, pytest_options):
    for words in _words(text):
        if not {"conformance", ".venv/bin/pytest"} & set(words):
            continue
        options = [word.removeprefix("ARGS=") for word in words]
        given = {word.partition("=")[0] for word in options if word.startswith("-")}
        assert given, words
        assert given <= pytest_options, given - pytest_options


@pytest.mark.parametrize("text", _each(one for one in COMMANDS if " -m " in one[1]))
def test_every_command_of_ours_has_the_subcommands_that_a_step_names(text):
    for called in re.findall(r"python -m (\w+(?: [a-z]+)+)", text):
        module, *names = called.split()
        asked = subprocess.run(
            [sys.executable, "-m", module, *names, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert asked.returncode == 0, asked.stderr


def test_actionlint_finds_nothing():
    cached = sorted(Path.home().glob(".cache/istio-wasm-conformance/actionlint-*/actionlint"))
    if not cached:
        pytest.skip("actionlint is not built here\nHint: .ci/lint-workflows")
    told = subprocess.run([ROOT / ".ci/lint-workflows"], cwd=ROOT, capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, "")
