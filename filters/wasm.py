"""What can be told about a Wasm binary before a proxy loads it."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

MAGIC = b"\0asm"
ABI = "proxy_abi_version_"
ALLOCATORS = frozenset(("proxy_on_memory_allocate", "malloc"))
IMPORTS, FUNCTIONS, EXPORTS, CODE = 2, 3, 7, 10  # sections


class InvalidModule(ValueError):
    """Bytes that Envoy would not load as a filter; the text says why."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What a module asks of its host and offers to it."""

    imports: tuple[tuple[str, str], ...] = ()  # of functions: (module, name)
    exports: frozenset[str] = field(default_factory=frozenset)


def check(body: bytes, *, name: str) -> Surface:
    """Return the surface of a filter; raises InvalidModule with everything that is wrong."""
    surface = parse(body, name=name)
    if faults := _faults(surface):
        raise InvalidModule(f"{name} is not a module that Envoy loads: {'; '.join(faults)}")
    return surface


@cache
def offered(abi: str) -> dict[str, frozenset[str]]:
    """Return the functions that Envoy offers to modules of an ABI version, by import module."""
    table = _host_functions()
    wasi = frozenset(table["wasi"])
    return {
        "env": frozenset((*table["env"], *table["abi"][abi])),
        "wasi_snapshot_preview1": wasi,
        "wasi_unstable": wasi,
    }


def known_abi() -> tuple[str, ...]:
    """Return the ABI versions that Envoy knows: 0_1_0, 0_2_0, 0_2_1."""
    return tuple(_host_functions()["abi"])


@cache
def _host_functions() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("host_functions.toml").read_text("utf-8"))


def _faults(surface: Surface) -> list[str]:
    """Return what Envoy would refuse.

    A module with `_start` and no `_initialize` is none of it: Envoy runs `_start`, and modules of
    TinyGo are like that.
    """
    faults = []
    versions = sorted(n.removeprefix(ABI) for n in surface.exports if n.startswith(ABI))
    known = [version for version in versions if version in known_abi()]
    if not versions:
        faults.append(f"it does not export the ABI version ({ABI}{known_abi()[-1]})")
    elif not known:
        faults.append(f"its ABI version is {', '.join(versions)}, not {' or '.join(known_abi())}")
    if not surface.exports & ALLOCATORS:
        faults.append(f"it exports no allocator ({' or '.join(sorted(ALLOCATORS, reverse=True))})")
    functions = offered(known[-1] if known else known_abi()[-1])
    missing = [f"{m}.{n}" for m, n in surface.imports if n not in functions.get(m, ())]
    if missing:
        faults.append(f"it imports what Envoy does not offer: {', '.join(missing)}")
    return faults


def parse(body: bytes, *, name: str) -> Surface:
    """Return imports and exports of a binary; raises InvalidModule where it cannot be read."""
    if not body.startswith(MAGIC):
        start = body[:16].hex(" ") or "nothing"
        raise InvalidModule(f"{name} is not Wasm: it begins with {start}, not with 00 61 73 6d")
    if len(body) < 8 or body[4:8] != b"\1\0\0\0":
        raise InvalidModule(f"{name} is not a Wasm module of version 1: {body[4:8].hex(' ')}")
    reader = _Reader(body, 8)
    imports: list[tuple[str, str]] = []
    exports: set[str] = set()
    counts = {FUNCTIONS: 0, CODE: 0}
    try:
        while reader.at < len(body):
            kind, size = reader.byte(), reader.number()
            section = _Reader(reader.take(size), 0)
            if kind == IMPORTS:
                imports = [found for _ in range(section.number()) if (found := _import(section))]
            elif kind == EXPORTS:
                exports = {_export(section) for _ in range(section.number())}
            elif kind in counts:
                counts[kind] = section.number()
        if counts[FUNCTIONS] != counts[CODE]:  # cut between two sections
            raise EOFError(f"{counts[FUNCTIONS]} functions announced, {counts[CODE]} there")
    except (EOFError, UnicodeDecodeError) as error:
        raise InvalidModule(
            f"{name} is truncated or damaged: {error or 'it ends early'} "
            f"(size {len(body)} bytes)\nHint: fetch or build it again"
        ) from error
    return Surface(tuple(imports), frozenset(exports))


def _import(section: "_Reader") -> tuple[str, str] | None:
    entry = (section.text(), section.text())
    match section.byte():
        case 0:
            section.number()
            return entry
        case 1:
            section.byte()
            section.limits()
        case 2:
            section.limits()
        case 3:
            section.take(2)
        case 4:
            section.take(1)
            section.number()
        case other:
            raise EOFError(f"unknown kind of import {other}")
    return None


def _export(section: "_Reader") -> str:
    name = section.text()
    section.byte()
    section.number()
    return name


@dataclass(slots=True)
class _Reader:
    """Reads on through bytes; raises EOFError where they end."""

    body: bytes
    at: int

    def take(self, size: int) -> bytes:
        if size > len(self.body) - self.at:
            raise EOFError(
                f"{size} bytes announced at offset {self.at}, {len(self.body) - self.at} left"
            )
        self.at += size
        return self.body[self.at - size : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """Unsigned LEB128, at most 32 bits."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise EOFError(f"a number without end at offset {self.at}")

    def text(self) -> str:
        return self.take(self.number()).decode("utf-8")

    def limits(self) -> None:
        if self.byte() & 1:
            self.number()
        self.number()
