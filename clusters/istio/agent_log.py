"""What pilot-agent says in its log about modules, as far as it concerns a delivery.

Facts: pkg/wasm/convert.go and pkg/istio-agent/xds_proxy_delta.go of Istio.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIMED = re.compile(r"\d{4}-\d\d-\d\dT\S+\t(?P<level>\w+)\t(?P<rest>.*)")
_SUBSTITUTED = re.compile(
    r"error in converting the wasm config to local: (?P<text>.*)\. applying \w+ RBAC filter$"
)
_HELD = re.compile(r"convert the wasm config: (?P<text>.*)")
_NACK = re.compile(r"sending NACK for ECDS resources .*, err: (?P<text>.*)$")
_JOINED = re.compile(r"\d+ errors? occurred:\s*\* ")
_NEXT = re.compile(
    r"\s\* (?=cannot fetch Wasm module |wasm remote fetch |failed to |no remote and local load "
    r"|typed extension config )"
)
_FORWARDED = re.compile(r"forward ECDS\t.*resources=\[(?P<names>.*?)\]")


@dataclass(slots=True)
class AgentLog:
    """What the agent has said since the last `begin`.

    `failures` are its words about modules that it could not get or use, `nack` its answer where it
    held a response back, `forwarded` the names of the extensions that it ever passed on.
    """

    failures: list[str] = field(default_factory=list)
    nack: str = ""
    forwarded: set[str] = field(default_factory=set)
    _open: str = ""

    def begin(self) -> None:
        """Forget what concerned an earlier delivery."""
        self.pause()
        self._open = ""
        self.failures, self.nack = [], ""

    def read(self, lines: Iterable[str]) -> None:
        """Take new lines of the log into account; an entry ends where the next one begins."""
        for line in lines:
            if found := _TIMED.match(line):
                self._take(self._open)
                self._open = found["rest"]
            else:
                self._open += f" {line.strip()}"

    def pause(self) -> None:
        """Note that nothing came for a while: the last entry is whole, as far as can be told."""
        self._take(self._open)

    def _take(self, entry: str) -> None:
        if found := _SUBSTITUTED.search(entry):
            self._failed(found["text"])
        elif found := _HELD.search(entry):
            for text in _texts(found["text"]):
                self._failed(text)
        elif found := _NACK.search(entry):
            self.nack = "; ".join(_texts(found["text"]))
            for text in _texts(found["text"]):
                self._failed(text)
        elif found := _FORWARDED.search(entry):
            self.forwarded |= set(found["names"].split())

    def _failed(self, text: str) -> None:
        if text not in self.failures:
            self.failures.append(text)


def _texts(text: str) -> list[str]:
    """Return the errors that the agent joined where it could not use several modules at once."""
    if not (joined := _JOINED.match(text)):
        return [text.strip()]
    return [part.strip() for part in _NEXT.split(text[joined.end() :])]
