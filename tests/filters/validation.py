"""Asks a real Envoy what it makes of a module, without opening a port."""

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clusters.local import envoy
from filters import build
from filters.sources import HERE, Source

HARNESS = Path(__file__).with_name("harness")
WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"
MANAGER = (
    "type.googleapis.com/envoy.extensions.filters.network"
    ".http_connection_manager.v3.HttpConnectionManager"
)
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
STRING = "type.googleapis.com/google.protobuf.StringValue"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Envoy said about a configuration."""

    accepted: bool
    log: str


def validated(module: Path, configuration: str | None) -> Verdict:
    """Return Envoy's verdict about a listener with this module."""
    plugin: dict[str, object] = {
        "name": "judged",
        "vm_config": {
            "vm_id": "judged",
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": str(module)}},
        },
    }
    if configuration is not None:
        plugin["configuration"] = {"@type": STRING, "value": configuration}
    manager = {
        "@type": MANAGER,
        "stat_prefix": "judged",
        "route_config": {"virtual_hosts": []},
        "http_filters": [
            {"name": "judged", "typed_config": {"@type": WASM, "config": plugin}},
            {"name": "router", "typed_config": {"@type": ROUTER}},
        ],
    }
    listener = {
        "name": "judged",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "manager", "typed_config": manager}]}],
    }
    bootstrap = {"static_resources": {"listeners": [listener]}}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(bootstrap, file)
        file.flush()
        command = (str(envoy.find(None).path), "--mode", "validate", "-l", "warn", "-c", file.name)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return Verdict(done.returncode == 0, done.stderr + done.stdout)


def answers(folder: Path, questions: Sequence[tuple[str | bytes, ...]]) -> list[str]:
    """Return what the harness answers to each question; see harness.cc for what can be asked.

    `folder` takes the harness together with the headers of both filters.
    """
    for part in (HARNESS, HERE / "basic_auth" / "cpp", HERE / "headers" / "cpp"):
        for path in part.iterdir():
            if path.suffix == ".h" or part == HARNESS:
                (folder / path.name).write_bytes(path.read_bytes())
    source = Source(folder=folder, name="harness", contract="any", language="cpp")
    return asked(build.build(source).path, questions)


def asked(module: Path, questions: Sequence[tuple[str | bytes, ...]]) -> list[str]:
    """Return what a harness, of any language, answers to each question."""
    table = "\n".join(" ".join(_hex(word) for word in words) for words in questions)
    verdict = validated(module, table)
    found = {
        int(number): bytes.fromhex(text).decode("utf-8", "backslashreplace")
        for number, text in re.findall(r"answer (\d+) ([0-9a-f]*) \.", verdict.log)
    }
    assert sorted(found) == list(range(len(questions))), verdict.log
    return [found[number] for number in range(len(questions))]


def _hex(word: str | bytes) -> str:
    return (word.encode() if isinstance(word, str) else word).hex()
