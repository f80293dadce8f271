"""What can be told about a Wasm binary before a proxy loads it."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

MAGIC = b"\0asm"
ABI = "proxy_abi_version_"
KNOWN_ABI = ("0_1_0", "0_2_0", "0_2_1")
IMPORT_SECTION, EXPORT_SECTION = 2, 7


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
def offered() -> dict[str, frozenset[str]]:
    """Return the host functions of Envoy by the name of the import module."""
    table = tomllib.loads(Path(__file__).with_name("host_functions.toml").read_text("utf-8"))
    return {name: frozenset(functions) for name, functions in table.items()}


def _faults(surface: Surface) -> list[str]:
    faults = []
    versions = sorted(n.removeprefix(ABI) for n in surface.exports if n.startswith(ABI))
    if not versions:
        faults.append(f"it does not export the ABI version ({ABI}0_2_1)")
    elif not set(versions) & set(KNOWN_ABI):
        faults.append(f"its ABI version is {', '.join(versions)}, known are {', '.join(KNOWN_ABI)}")
    if not surface.exports & {"proxy_on_memory_allocate", "malloc"}:
        faults.append("it exports no allocator (proxy_on_memory_allocate or malloc)")
    if "_start" in surface.exports and "_initialize" not in surface.exports:
        faults.append(
            "it was linked as a command: it exports _start without _initialize "
            "(C++: -mexec-model=reactor, Go: -buildmode=c-shared)"
        )
    missing = [f"{m}.{n}" for m, n in surface.imports if n not in offered().get(m, ())]
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
    try:
        while reader.at < len(body):
            kind, size = reader.byte(), reader.number()
            section = _Reader(reader.take(size), 0)
            if kind == IMPORT_SECTION:
                imports = [found for _ in range(section.number()) if (found := _import(section))]
            elif kind == EXPORT_SECTION:
                exports = {_export(section) for _ in range(section.number())}
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
