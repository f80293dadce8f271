"""What is said about a binary before a proxy sees it."""

import pytest

from filters import wasm
from tests.filters.handmade import EXPORTS, HEADER, module, number, section, text, vector

SOUND = module([("env", "proxy_log", "iii:i")])
LIMITS = b"\x00\x01"  # at least one, no maximum

NOT_READABLE = {
    "nothing": (b"", "is not Wasm: it begins with nothing, not with 00 61 73 6d"),
    "text": (b"<html>\n", "is not Wasm: it begins with 3c 68 74 6d 6c 3e 0a, not with"),
    "gzip": (b"\x1f\x8b" + SOUND, "is not Wasm: it begins with 1f 8b 00 61"),
    "component": (b"\0asm\x0d\0\1\0", "is not a Wasm module of version 1: 0d 00 01 00"),
    "header cut": (b"\0asm\1", "is not a Wasm module of version 1: 01"),
    "cut": (SOUND[:-1], r"is truncated or damaged: \d+ bytes announced at offset \d+, \d+ left"),
    "cut in a section head": (SOUND + b"\0", "is truncated or damaged: 1 bytes announced"),
    "endless number": (HEADER + b"\1" + b"\xff" * 9, "a number without end at offset"),
    "not UTF-8": (HEADER + section(7, vector([b"\1\xff\0\0"])), "truncated or damaged: 'utf-8'"),
    "odd import": (
        HEADER + section(2, vector([text("env") + text("x") + b"\x09"])),
        "unknown kind of import 9",
    ),
    "section too long": (
        HEADER + b"\2" + number(1000),
        "1000 bytes announced at offset 11, 0 left",
    ),
}

REFUSED = {
    "no ABI": (module(exports=EXPORTS[1:]), "does not export the ABI version"),
    "future ABI": (
        module(exports=("proxy_abi_version_0_3_0", "malloc")),
        "its ABI version is 0_3_0, not 0_1_0 or 0_2_0 or 0_2_1",
    ),
    "no allocator": (
        module(exports=EXPORTS[:1]),
        r"exports no allocator \(proxy_on_memory_allocate or malloc\)",
    ),
    "unknown function": (
        module([("env", "proxy_log", "iii:i"), ("env", "proxy_fly", ":"), ("js", "alert", ":")]),
        "imports what Envoy does not offer: env.proxy_fly, js.alert$",
    ),
    "function of another ABI": (
        module([("env", "proxy_get_configuration", "ii:i")]),
        "does not offer: env.proxy_get_configuration$",
    ),
    "several faults": (
        module([("env", "proxy_fly", ":")], exports=()),
        "the ABI version .*; it exports no allocator .*; it imports .*proxy_fly",
    ),
}

SOUND_MODULES = {
    "reactor": SOUND,
    "command": module(exports=(*EXPORTS[:2], "_start")),
    "malloc": module(exports=("proxy_abi_version_0_2_0", "malloc")),
    "old ABI": module(
        [("env", "proxy_get_configuration", "ii:i")], ("proxy_abi_version_0_1_0", "malloc")
    ),
    "old WASI": module([("wasi_unstable", "fd_write", "iiii:i")]),
    "two ABIs": module(exports=("proxy_abi_version_0_2_1", "proxy_abi_version_9_9_9", "malloc")),
}


@pytest.mark.parametrize("case", NOT_READABLE)
def test_bytes_that_are_no_module_are_told_apart(case):
    body, reason = NOT_READABLE[case]

    with pytest.raises(wasm.InvalidModule, match=f"given.wasm.*{reason}"):
        wasm.check(body, name="given.wasm")


@pytest.mark.parametrize("case", REFUSED)
def test_a_module_that_envoy_would_refuse_is_refused_with_every_reason(case):
    body, reason = REFUSED[case]

    with pytest.raises(wasm.InvalidModule, match=f"given.wasm is not a module .*{reason}"):
        wasm.check(body, name="given.wasm")


@pytest.mark.parametrize("case", SOUND_MODULES)
def test_a_sound_module_passes(case):
    assert wasm.check(SOUND_MODULES[case], name="given.wasm").exports >= {"memory"}


def test_every_cut_of_a_module_is_noticed():
    edges = set()
    for end in range(len(SOUND)):
        try:
            wasm.check(SOUND[:end], name="cut")
        except wasm.InvalidModule:
            continue
        edges.add(end)

    assert not edges


def test_imports_of_memories_tables_globals_and_tags_are_passed_over():
    entries = [
        text("env") + text("table") + b"\x01\x70" + LIMITS,
        text("env") + text("memory") + b"\x02\x01\x01\x10",
        text("env") + text("global") + b"\x03\x7f\x00",
        text("env") + text("tag") + b"\x04\x00\x00",
        text("env") + text("proxy_log") + b"\x00\x00",
    ]

    surface = wasm.parse(HEADER + section(2, vector(entries)), name="given.wasm")

    assert surface.imports == (("env", "proxy_log"),)
