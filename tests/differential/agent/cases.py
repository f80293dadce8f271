"""Cases of what an agent is sent: YAML files of a subject, each case by its name.

A case is one step, or a list of them under `steps`. A step says what servers give from then on
(`files`, `images`, `registry`; see world.py), which extensions are sent in one response (`send`),
by name, and which are taken away (`remove`). An extension is written as Envoy has it, or as a
table with a `url`, in short; see `extension`. An address that is not of the case's own servers has
the case's name in it: by that the words of an agent are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from clusters.pilot.agent import PULL_POLICY, PULL_SECRET, RESOURCE_VERSION
from clusters.pilot.wasm_extension import NETWORK_WASM, TYPED_STRUCT, WASM

FOLDER = Path(__file__).with_name("cases")
XDS_STRUCT = "type.googleapis.com/xds.type.v3.TypedStruct"
FORMS = {"direct": WASM, "network": NETWORK_WASM}
STRUCTS = {
    "typed_struct": (TYPED_STRUCT, WASM),
    "network_struct": (TYPED_STRUCT, NETWORK_WASM),
    "xds_struct": (XDS_STRUCT, WASM),
}
VARIABLES = {"policy": PULL_POLICY, "secret": PULL_SECRET, "version": RESOURCE_VERSION}
_STEP = {"files", "images", "registry", "send", "remove"}


@dataclass(frozen=True, slots=True)
class Case:
    """A case; `name` is "subject/case", `environment` are variables of the agent's own.

    `words` are what the agent says of it where that names neither the case nor a server. One that
    `waits` does little else, and bears others beside it; one that is to be played `alone` has too
    little time for that.
    """

    name: str
    shows: str
    environment: dict[str, str]
    words: tuple[str, ...]
    waits: bool
    alone: bool
    steps: tuple[dict[str, Any], ...]

    @property
    def subject(self) -> str:
        """Return the file it is in."""
        return self.name.partition("/")[0]


@cache
def known(folder: Path = FOLDER) -> dict[str, Case]:
    """Return every case by name; raises ValueError for one that says too little or too much."""
    found: dict[str, Case] = {}
    for file in sorted(folder.glob("*.yaml")):
        for name, told in yaml.safe_load(file.read_text()).items():
            found[f"{file.stem}/{name}"] = _case(f"{file.stem}/{name}", dict(told))
    return found


def _case(name: str, told: dict[str, Any]) -> Case:
    shows, environment = told.pop("shows", ""), told.pop("environment", {})
    words = tuple(told.pop("words", ()))
    waits, alone = told.pop("waits", False), told.pop("alone", False)
    steps = told.pop("steps", None) or [told]
    strange = {key for step in steps for key in step} - _STEP
    if not shows or strange or (told and steps[0] is not told):
        raise ValueError(f"{name}: says nothing under `shows`, or knows no {sorted(strange)}")
    return Case(name, shows, environment, words, waits, alone, tuple(steps))


def extension(name: str, told: dict[str, Any], case: str) -> dict[str, Any]:
    """Return an extension as Envoy has it.

    In short: `url`, `sha256`, `timeout`, the `form` (direct, typed_struct, network, ...), what the
    agent finds among the variables (`policy`, `version`, `secret`), `env` for others, and `config`
    and `vm` for more fields of the plugin and of its machine. The plugin's name is the case's.
    """
    if "url" not in told:
        return {"name": name} | told
    rest = dict(told)
    uri = {"uri": rest.pop("url"), "timeout": rest.pop("timeout", "30s"), "cluster": "_"}
    remote = {"http_uri": {key: value for key, value in uri.items() if value}}
    if "sha256" in rest:
        remote["sha256"] = rest.pop("sha256")
    machine = {"runtime": "envoy.wasm.runtime.v8", "code": {"remote": remote}}
    variables = {VARIABLES[key]: rest.pop(key) for key in VARIABLES if key in rest}
    variables |= rest.pop("env", {})
    if variables:
        machine["environment_variables"] = {"key_values": variables}
    config = {"name": case, "vm_config": machine | rest.pop("vm", {})} | rest.pop("config", {})
    form = rest.pop("form", "direct")
    if rest:
        raise ValueError(f"{case}: an extension has no {sorted(rest)}")
    if form in FORMS:
        return {"name": name, "typed_config": {"@type": FORMS[form], "config": config}}
    outer, inner = STRUCTS[form]
    typed = {"@type": outer, "type_url": inner, "value": {"config": config}}
    return {"name": name, "typed_config": typed}
