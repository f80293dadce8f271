"""`python -m tests.differential`: ask real istiod and agents, keep what they say, compare it.

Names that begin with "agent/" are cases of the agent's, all others document sets for istiod.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from clusters.release import find
from tests.differential import accepted, answers, control, generated, golden, sets
from tests.differential.agent import cases as agent_cases
from tests.differential.agent import kept, running
from tests.differential.differences import differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from clusters.release import Release
    from tests.differential.agent.cases import Case
    from tests.differential.answers import Answer
    from tests.differential.asking import Resources
    from tests.differential.differences import Difference
    from tests.differential.sets import DocumentSet

TEXT = 300
AGENT = "agent/"


def main(arguments: list[str]) -> int:
    """Run a command; returns 0 where everything agrees, 1 where not."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument(
        "command",
        choices=("generate", "record", "live", "compare"),
        help="generate: write the sets that Hypothesis makes. record: keep what real istiod and "
        "agents answer. live: compare what is kept with what they answer now. compare: compare "
        "what is kept with the embedded control plane and its agent.",
    )
    parser.add_argument("--istio", default=",".join(golden.RECORDED), metavar="VERSION,…")
    parser.add_argument(
        "--sets", default="*", metavar="PATTERN", help="such as 'wasm/*', 'agent/http/*'"
    )
    asked = parser.parse_args(arguments)
    if asked.command == "generate":
        print(f"generated {generated.write(sets.FOLDER)} sets")
        return 0
    chosen = [one for one in sets.known().values() if fnmatchcase(one.name, asked.sets)]
    cases = [
        one for one in agent_cases.known().values() if fnmatchcase(f"{AGENT}{one.name}", asked.sets)
    ]
    agreed = True
    for version in asked.istio.split(","):
        began = time.monotonic()
        agreed = _istiod(asked.command, version, chosen) and agreed
        agreed = _agent(asked.command, version, cases) and agreed
        took = time.monotonic() - began
        print(
            f"{asked.command}: {len(chosen)} sets and {len(cases)} of the agent's cases with "
            f"{version} in {took:.1f} s"
        )
    return 0 if agreed else 1


def _istiod(command: str, version: str, chosen: list[DocumentSet]) -> bool:
    commands = {"record": _record, "live": _live, "compare": _compare}
    return commands[command](find(version), version, chosen)


def _agent(command: str, version: str, chosen: list[Case]) -> bool:
    if command == "compare":
        made = running.of_embedded([find(version)], chosen)
        found, known = {name: answer for (_, name), answer in made.items()}, accepted.read()
    else:
        found, known = running.of_real(find(version), chosen), ()
    if command == "record":
        kept.write(version, found, agent_cases.known())
        return True
    agreed = True
    for name, answer in found.items():
        told = differences(kept.read(version, name), answer)
        left = accepted.unexplained(f"{AGENT}{name}", version, told, known)
        agreed = _told(f"{AGENT}{name}", version, left) and agreed
    return agreed


def _record(release: Release, version: str, chosen: list[DocumentSet]) -> bool:
    golden.write(version, of_istiod(release, chosen))
    golden.forget_others(version, sets.known())
    return True


def _live(release: Release, version: str, chosen: list[DocumentSet]) -> bool:
    agreed = True
    for one, answer in of_istiod(release, chosen):
        found = tuple(differences(golden.read(version, one), answer))
        agreed = _told(one.name, version, found) and agreed
    return agreed


def _compare(release: Release, version: str, chosen: list[DocumentSet]) -> bool:
    agreed, known = True, accepted.read()
    for one in chosen:
        found = differences(golden.read(version, one), answers.of_embedded(one, release))
        left = accepted.unexplained(one.name, version, found, known)
        agreed = _told(one.name, version, left) and agreed
    return agreed


def of_istiod(
    release: Release, chosen: Iterable[DocumentSet]
) -> Iterator[tuple[DocumentSet, Answer]]:
    """Yield the answers of a real istiod, of a fresh one after each set that left traces in it."""
    todo = list(chosen)
    clean: dict[str, Resources] = {}
    while todo:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            istiod = stack.enter_context(control.running(release, Path(folder)))
            while todo:
                one = todo.pop(0)
                if one.subject not in clean:
                    clean[one.subject] = istiod.answers(istiod.admitted(one.base))
                yield one, answers.of_istiod(one, istiod)
                if (
                    _may_leave_traces(one)
                    and istiod.answers(istiod.admitted(one.base)) != clean[one.subject]
                ):
                    break


def _may_leave_traces(one: DocumentSet) -> bool:
    """Tell whether a set merges: istiod does that in objects that some of its listeners share.

    What it then sends is another thing until it ends, whatever becomes of the documents.
    """
    return any(
        str(((patch or {}).get("patch") or {}).get("operation")).startswith("MERGE")
        for thing in one.things
        if thing["kind"] == "EnvoyFilter"
        for patch in thing["spec"].get("configPatches") or []
    )


def _told(name: str, version: str, found: tuple[Difference, ...]) -> bool:
    for each in found:
        left, right = (_short(value) for value in (each.left, each.right))
        print(f"{name} ({version}): {each.place}\n   kept    {left}\n   instead {right}")
    return not found


def _short(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except TypeError:
        text = repr(value)
    return text if len(text) <= TEXT else f"{text[:TEXT]}…"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
