"""A choice on the terminal: arrow keys or numbers, Return takes it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What terminals send for a key, in both of their modes.
UP, DOWN, RETURN, END = "up", "down", "return", "end"
_KEYS = {
    **dict.fromkeys(("\x1b[A", "\x1bOA", "k"), UP),
    **dict.fromkeys(("\x1b[B", "\x1bOB", "j"), DOWN),
    **dict.fromkeys(("\r", "\n"), RETURN),
    **dict.fromkeys(("\x04", "q"), END),  # Ctrl-D; Ctrl-C arrives as a signal
}
_SEQUENCE = re.compile(r"\x1b[\[O][A-Z]|.", re.DOTALL)


class NothingChosen(Exception):
    """The user left the menu without a choice."""


@dataclass(frozen=True, slots=True)
class Menu:
    """Choices, and the one that is marked."""

    title: str
    choices: Sequence[str]
    at: int = 0

    def after(self, key: str) -> Menu:
        """Return the menu as a key leaves it: a number marks, the arrows go round."""
        if key == UP:
            return replace(self, at=(self.at - 1) % len(self.choices))
        if key == DOWN:
            return replace(self, at=(self.at + 1) % len(self.choices))
        if key.isdecimal() and 1 <= int(key) <= len(self.choices):
            return replace(self, at=int(key) - 1)
        return self

    def lines(self) -> tuple[str, ...]:
        """Return what the terminal shows."""
        return (
            f"? {self.title} (arrow keys or a number, then Return)",
            *(
                f"  {'▸' if number == self.at else ' '} {number + 1} {choice}"
                for number, choice in enumerate(self.choices)
            ),
        )


def keys(typed: str) -> Iterator[str]:
    """Yield the keys in what a terminal sent: up, down, return, end, or a character."""
    for sequence in _SEQUENCE.findall(typed):
        yield _KEYS.get(sequence, sequence)


def choose(title: str, choices: Sequence[str], *, terminal: int, screen: int) -> int:
    """Return the number, from 0, of what the user chose; raises NothingChosen.

    `terminal` and `screen` are the descriptors that keys come from and lines go to.
    """
    import termios  # where there is a terminal, there is this
    import tty

    menu = Menu(title, choices)
    before = termios.tcgetattr(terminal)
    # What was typed ahead counts: nothing is flushed.
    tty.setcbreak(terminal, termios.TCSANOW)
    try:
        _write(screen, "\n".join(menu.lines()) + "\n")
        while True:
            typed = os.read(terminal, 1024).decode("utf-8", "replace")
            for key in keys(typed) if typed else (END,):
                if key == END:
                    raise NothingChosen
                if key == RETURN:
                    return menu.at
                menu = menu.after(key)
            # Back over the lines of before, each of them cleared and written again.
            up = f"\x1b[{len(menu.choices) + 1}A"
            _write(screen, up + "".join(f"\r\x1b[K{line}\n" for line in menu.lines()))
    except KeyboardInterrupt as error:
        raise NothingChosen from error
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def _write(screen: int, text: str) -> None:
    body = text.encode()
    while body:
        body = body[os.write(screen, body) :]
