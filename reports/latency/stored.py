"""A measurement as compressed JSON, beside the report: every single request can be looked at."""

import gzip
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from reports.latency.measurement import Block, Environment, Measurement, Memory

VERSION = 1


class NotAMeasurement(ValueError):
    """The bytes are no measurement of this version; the text says why."""


def dump(measurement: Measurement) -> bytes:
    """Return the measurement as gzipped JSON; the same one always gives the same bytes."""
    content = {"version": VERSION, **asdict(measurement)}
    for name in ("blocks", "idle", "upstream"):
        content[name] = _columns(getattr(measurement, name))
    text = json.dumps(content, separators=(",", ":"), sort_keys=True)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def parse(data: bytes) -> Measurement:
    """Return the measurement that ``dump`` made these bytes of, or raise NotAMeasurement."""
    try:
        content = json.loads(gzip.decompress(data))
    except (OSError, EOFError, ValueError) as error:
        raise NotAMeasurement(f"neither gzip nor JSON: {error}") from error
    if not isinstance(content, dict) or content.pop("version", None) != VERSION:
        raise NotAMeasurement(f"not a measurement of version {VERSION}")
    try:
        for name in ("blocks", "idle", "upstream"):
            content[name] = _rows(content[name])
        environment = content["environment"]
        environment["load"] = tuple(environment["load"])
        content["environment"] = Environment(**environment)
        content["memory"] = tuple(Memory(**each) for each in content["memory"])
        return Measurement(**content)
    except (KeyError, TypeError, ValueError) as error:
        raise NotAMeasurement(f"a key is missing or wrong: {error}") from error


def write(measurement: Measurement, folder: Path) -> Path:
    """Write the measurement into ``folder`` and return the file; one per filter and release."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{measurement.filter} {measurement.release}"
    path = folder / f"{''.join(c if c.isalnum() or c == '.' else '-' for c in name)}.json.gz"
    path.write_bytes(dump(measurement))
    return path


def _columns(blocks: tuple[Block, ...]) -> dict[str, list[Any]]:
    """Return one list per field: small once compressed, and simple to read anywhere."""
    return {
        field.name: [
            value if isinstance(value, (int, str)) else list(value)
            for value in (getattr(block, field.name) for block in blocks)
        ]
        for field in fields(Block)
    }


def _rows(columns: dict[str, list[Any]]) -> tuple[Block, ...]:
    names = [field.name for field in fields(Block)]
    return tuple(
        Block(**dict(zip(names, values, strict=True)))
        for values in zip(*(columns[name] for name in names), strict=True)
    )
