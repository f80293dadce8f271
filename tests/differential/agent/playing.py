"""What an agent, real or embedded, makes of a case, in the form in which answers are kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from clusters.pilot import protos
from tests.differential.agent import bodies
from tests.differential.agent.cases import extension
from tests.differential.differences import compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.differential.agent.cases import Case
    from tests.differential.agent.told import Told
    from tests.differential.agent.world import World

Answer = list[dict[str, Any]]
AS_SENT = "as sent"
MODULES = "<modules>"
#: Where Go prints a whole message, it puts one space or two, by chance of the build.
_PRINTED = (
    re.compile(r"(no remote and local load found in Wasm (?:HTTP|Network) filter )(?:(?!\s\* ).)*"),
    re.compile(r"(failed to convert extension config struct ).+?(?= to Wasm )"),
    re.compile(r"(wasm remote fetch ).+?(?= does not have httpUri specified)"),
    re.compile(r"(typed extension config ).+?(?= does not contain any typed config)"),
)
#: How long a layer is when it is packed, and what its sum is, is the packing library's affair.
_MEASURED = (
    (re.compile(r"(?<=Content-Length header )\d+( does not match expected size )\d+"), r"<n>\1<n>"),
    (re.compile(r"(?<=after reading )\d+ bytes"), "<n> bytes"),
    (re.compile(r"(?<=error verifying size; got )\d+, want \d+"), "<n>, want <n>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<another sum>"),
)


class Agent(Protocol):
    """An agent that can be asked; what it fetches lies in `modules` and is named by `seen_as`."""

    modules: Path
    seen_as: str

    def respond(
        self,
        resources: Mapping[str, Mapping[str, Any]],
        removed: Sequence[str],
        about: Sequence[str],
    ) -> Told:
        """Return what it makes of one response; `about` has what its words must be about."""


def play(case: Case, world: World, agent: Agent) -> Answer:
    """Return what becomes of each step of a case."""
    return [_step(case, step, world, agent) for step in case.steps]


def _step(case: Case, step: Mapping[str, Any], world: World, agent: Agent) -> dict[str, Any]:
    world.arrange(step)
    sent = {
        name: _travelled(world.real(extension(name, told, case.name)))
        for name, told in step.get("send", {}).items()
    }
    removed = step.get("remove", [])
    told = agent.respond(sent, removed, (case.name, *case.words, *world.addresses))
    failures, nack = (_told(one, world) for one in (told.failures, [told.nack]))
    answer = {
        "forwarded": {
            name: world.named(_change(sent.get(name, {}), one, agent))
            for name, one in (told.resources or {}).items()
        },
        "removed": list(told.removed),
        # An agent's log has line breaks otherwise than its NACK.
        "failures": sorted(set(map(_one_line, failures)) - set(map(_one_line, nack))),
        "nack": nack[0],
        "asked": world.asked(),
    }
    return {key: one for key, one in answer.items() if one}


def _travelled(resource: Mapping[str, Any]) -> dict[str, Any]:
    return protos.unpack(protos.pack(resource, protos.ECDS))


def _change(sent: Mapping[str, Any], made: Mapping[str, Any], agent: Agent) -> Any:
    return compact(sent, _shown(made, agent)) or AS_SENT


def _shown(value: Any, agent: Agent) -> Any:
    """Return a resource whose local files are told by what they hold."""
    if isinstance(value, dict):
        return {key: _shown(one, agent) for key, one in value.items()}
    if isinstance(value, list):
        return [_shown(one, agent) for one in value]
    if not isinstance(value, str) or not value.startswith(agent.seen_as):
        return value
    inside = Path(value).relative_to(agent.seen_as)
    return f"{MODULES}/{inside} holding {bodies.name_of((agent.modules / inside).read_bytes())}"


def _told(texts: Iterable[str], world: World) -> list[str]:
    return [_measured(world.named(_printed(one))) for one in texts]


def _printed(text: str) -> str:
    for pattern in _PRINTED:
        text = pattern.sub(r"\1<printed>", text)
    return text


def _measured(text: str) -> str:
    for pattern, instead in _MEASURED:
        text = pattern.sub(instead, text)
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())
