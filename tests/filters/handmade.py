"""Wasm binaries written byte by byte, for what no compiler would produce."""

HEADER = b"\0asm\1\0\0\0"
VALUES = {"i": b"\x7f", "I": b"\x7e"}
EXPORTS = ("proxy_abi_version_0_2_1", "proxy_on_memory_allocate", "_initialize")


def number(value):
    """Unsigned LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def text(value):
    raw = value.encode()
    return number(len(raw)) + raw


def vector(entries):
    return number(len(entries)) + b"".join(entries)


def section(kind, body):
    return bytes((kind,)) + number(len(body)) + body


def signature(type_):
    parameters, _, results = type_.partition(":")
    return b"\x60" + vector([VALUES[c] for c in parameters]) + vector([VALUES[c] for c in results])


def module(imports=(), exports=EXPORTS):
    """A module whose exported functions do nothing; imports are (module, name, "ii:i")."""
    types = [signature(type_) for _, _, type_ in imports]
    own = {"proxy_on_memory_allocate": "i:i", "malloc": "i:i"}
    bodies = {":": b"\x02\x00\x0b", "i:i": b"\x04\x00\x41\x00\x0b"}
    functions = [own.get(name, ":") for name in exports]
    return b"".join(
        (
            HEADER,
            section(1, vector([*types, *(signature(type_) for type_ in functions)])),
            section(
                2,
                vector(
                    [
                        text(host) + text(name) + b"\0" + number(index)
                        for index, (host, name, _) in enumerate(imports)
                    ]
                ),
            ),
            section(3, vector([number(len(types) + i) for i in range(len(functions))])),
            section(5, b"\x01\x00\x01"),
            section(
                7,
                vector(
                    [text("memory") + b"\x02\x00"]
                    + [text(n) + b"\0" + number(len(types) + i) for i, n in enumerate(exports)]
                ),
            ),
            section(10, vector([bodies[type_] for type_ in functions])),
        )
    )
