"""What Ctrl-C and SIGTERM do while there is a cluster to clean up after.

Python drops an exception that a signal raises at the wrong moment, such as while a child process
is started. So that it was asked to end is remembered, too, and `check` raises it once more.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_asked: list[str] = []
_held: list[bool] = []


@contextmanager
def heeded() -> Iterator[None]:
    """Let both raise KeyboardInterrupt in the block, SIGTERM too, which ends a process at once."""
    with _handled_by(_interrupt):
        try:
            yield
        finally:
            _asked.clear()  # it was meant for this block, not for what is run later


@contextmanager
def deferred() -> Iterator[None]:
    """Let neither break off the block, which is short or has to end; `check` tells of it after.

    A second Ctrl-C would leave a cluster behind.
    """
    _held.append(True)
    try:
        with _handled_by(_note):
            yield
    finally:
        _held.pop()


def check() -> None:
    """Raise KeyboardInterrupt if one was asked for and is not on its way, but for `deferred`."""
    if _asked and not _held:
        raise KeyboardInterrupt(_asked[0])


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are never delivered here
        return
    before = [signal.signal(each, handler) for each in _SIGNALS]
    try:
        yield
    finally:
        for each, handler_before in zip(_SIGNALS, before, strict=True):
            signal.signal(each, handler_before)


def _note(number: int, frame: FrameType | None) -> None:
    _asked.append(signal.Signals(number).name)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _note(number, frame)
    raise KeyboardInterrupt(_asked[0])
