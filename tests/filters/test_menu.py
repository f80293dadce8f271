"""The menu of `python -m filters init`: its keys, its lines, and a real terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from filters.scaffold import project
from filters.scaffold.menu import DOWN, END, RETURN, UP, Menu, keys

ROOT = Path(__file__).parents[2]
LAST_CHOICE = project.STARTERS[-1].title.encode()
MENU = Menu("Which?", ("one", "two", "three"))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("\x1b[A", [UP]),
        ("\x1bOB\x1b[B", [DOWN, DOWN]),
        ("kj", [UP, DOWN]),
        ("2\r", ["2", RETURN]),
        ("\n\x04q", [RETURN, END, END]),
        ("\x1b[Cä", ["\x1b[C", "ä"]),
        ("\x1b", ["\x1b"]),
    ],
)
def test_what_a_terminal_sends_is_read_as_keys(typed, read):
    assert list(keys(typed)) == read


@pytest.mark.parametrize(
    ("pressed", "at"),
    [
        ([], 0),
        ([DOWN], 1),
        ([DOWN, DOWN, DOWN], 0),
        ([UP], 2),
        ([UP, UP], 1),
        (["3"], 2),
        (["3", "0", "4", "x", "²"], 2),
    ],
)
def test_keys_move_the_mark(pressed, at):
    menu = MENU
    for key in pressed:
        menu = menu.after(key)

    assert menu.at == at


def test_the_mark_shows():
    assert MENU.after(DOWN).lines() == (
        "? Which? (arrow keys or a number, then Return)",
        "    1 one",
        "  ▸ 2 two",
        "    3 three",
    )


pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def init(tmp_path):
    """A function that types into `python -m filters init demo`; returns exit code and screen."""

    def typed(text):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "filters", "init", str(tmp_path / "demo")],
            cwd=ROOT,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            # A session and terminal of its own, so that Ctrl-C reaches it and not this test.
            preexec_fn=lambda: os.login_tty(theirs),
        )
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
                if text and LAST_CHOICE in shown:  # before that, keys would be the shell's
                    os.write(ours, text)
                    text = b""
        except OSError:  # how Linux tells that the other side is closed
            pass
        os.close(ours)
        return process.wait(10), shown.decode()

    return typed


@pytest.mark.parametrize(
    ("text", "language"),
    [(b"\r", "cpp"), (b"\x1b[B\r", "rust"), (b"3\r", "go"), (b"\x1bOA\r", "assemblyscript")],
)
def test_a_choice_on_a_terminal_makes_the_project(init, tmp_path, text, language):
    code, shown = init(text)

    assert code == 0, shown
    assert "? What do you write the filter in?" in shown
    assert "Next: python -m filters build" in shown
    assert f'language = "{language}"' in (tmp_path / "demo" / "filter.toml").read_text()


@pytest.mark.parametrize("text", [b"q", b"\x04", b"\x03"], ids=["q", "Ctrl-D", "Ctrl-C"])
def test_leaving_the_menu_writes_nothing(init, tmp_path, text):
    code, shown = init(text)

    assert not (tmp_path / "demo").exists()
    assert (code, "nothing was written" in shown) == (130, True), shown
