"""What an executable file is: istiod, the agent or Envoy, for this machine, of which version."""

from __future__ import annotations

import json
import mmap
import platform
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusters import programs
from clusters.local.binaries import pins

if TYPE_CHECKING:
    from pathlib import Path

ISTIOD, AGENT, ENVOY = "pilot-discovery", "pilot-agent", "envoy"
#: What people call them, and how a path to one is given.
NAMES = {ISTIOD: "istiod", AGENT: "pilot-agent", ENVOY: "Envoy"}
OPTIONS = {ISTIOD: "--istiod-bin", AGENT: "--agent-bin", ENVOY: "--envoy-bin"}

#: e_machine of the ELF header (System V ABI) -> the architecture as Go and image indexes name it.
MACHINES = {0x03: "386", 0x28: "arm", 0x3E: "amd64", 0xB7: "arm64", 0x15: "ppc64le", 0x16: "s390x"}
ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

# Go writes the path of its main package into every binary. istiod's also names the agent's.
_MARKS = {ISTIOD: b"istio.io/istio/pilot/cmd/pilot-discovery", AGENT: b"pilot/cmd/pilot-agent"}
_MODULE = re.compile(rb"\t" + pins.MODULE.encode() + rb"\t(v[^\s\x00]+)")
_ENVOY_VERSION = re.compile(r"version:\s*\S+?/([^/\s]+)/")
#: The name of a filter that only Istio's own Envoy has.
_ISTIO_FILTER = b"istio.alpn"


class WrongBinary(RuntimeError):
    """A file is not the program it should be, or of another release; the text says which."""


@dataclass(frozen=True, slots=True)
class Executable:
    """A program that was looked at: its `role` (pilot-discovery, pilot-agent, envoy), its version.

    `istio_filters` tells, of an Envoy, whether it has the filters that only Istio's build has.
    """

    role: str
    path: Path
    version: str
    istio_filters: bool = False


def architecture() -> str:
    """Return this machine's architecture as image indexes name it, "amd64"."""
    machine = platform.machine().lower()
    return ARCHITECTURES.get(machine, machine)


def inspect(path: Path, role: str) -> Executable:
    """Return what the program at `path` says it is; raises WrongBinary unless it has this role."""
    try:
        with path.open("rb") as file:
            head = file.read(20)
            _check_format(head, path, role)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
                is_role, module = _role(body), _module(body)
                istio_filters = body.find(_ISTIO_FILTER) >= 0
    except OSError as error:
        raise _wrong(path, role, f"it cannot be read: {error.strerror}") from error
    if is_role not in (role, None if role == ENVOY else role):
        other = f"it is {NAMES[is_role]}" if is_role else "it is another program"
        raise _wrong(path, role, other)
    if role == ENVOY:
        return Executable(role, path, _envoy_version(path), istio_filters)
    return Executable(role, path, _istio_version(path, role, module))


def _check_format(head: bytes, path: Path, role: str) -> None:
    if sys.platform != "linux":
        return  # the loader of another system says itself what it cannot run
    if not head.startswith(b"\x7fELF"):
        said = "a script" if head.startswith(b"#!") else f"a file that begins with {head[:8]!r}"
        raise _wrong(path, role, f"it is no executable of this system but {said}")
    order = "little" if head[5] == 1 else "big"
    number = int.from_bytes(head[18:20], order)  # type: ignore[arg-type]
    built_for = MACHINES.get(number, f"machine {number:#x}")
    if built_for != architecture():
        raise _wrong(
            path, role, f"it is built for {built_for}, and this machine is {architecture()}"
        )


def _role(body: mmap.mmap) -> str | None:
    return next((role for role, mark in _MARKS.items() if body.find(mark) >= 0), None)


def _module(body: mmap.mmap) -> str:
    found = _MODULE.search(body)
    return found[1].decode() if found else ""


def _istio_version(path: Path, role: str, module: str) -> str:
    said = _ask(path, role, "version", "-o", "json")
    try:
        version = str(json.loads(said)["clientVersion"]["version"])
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(path, role, f"asked for its version it said: {said[:200]!r}") from error
    # Without the linker's flag a build does not know; its module version may still tell.
    if version == "unknown" and (pin := pins.of_module(module)):
        return pin.version
    return version


def _envoy_version(path: Path) -> str:
    said = _ask(path, ENVOY, "--version")
    found = _ENVOY_VERSION.search(said)
    if found is None:
        raise _wrong(path, ENVOY, f"asked for its version it said: {said[:200]!r}")
    return found[1]


def _ask(path: Path, role: str, *arguments: str) -> str:
    try:
        return programs.ask(path, *arguments)
    except programs.Useless as error:
        raise _wrong(path, role, str(error)) from error


def _wrong(path: Path, role: str, reason: str) -> WrongBinary:
    return WrongBinary(
        f"{path} is no {NAMES[role]} that runs here: {reason}\n"
        f"Hint: {OPTIONS[role]}=PATH of a {role}, or leave it out to use what "
        "`python -m clusters binaries list` shows"
    )
