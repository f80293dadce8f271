"""`python -m clusters`: what there is to do about places without running a suite."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import TYPE_CHECKING

from clusters.commands.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Each adds itself; what it sets as `run` returns the text to print and the exit code.
COMMANDS = {
    "explain": "clusters.explaining",
    "binaries": "clusters.commands.binaries",
    "clean": "clusters.commands.clean",
    "kind": "clusters.commands.kind",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code; 1 with the reason on standard error for what cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m clusters", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    given = sys.argv[1:] if arguments is None else arguments
    # A command does not pay for what another one imports; only help needs them all.
    for name in given[:1] if given and given[0] in COMMANDS else COMMANDS:
        importlib.import_module(COMMANDS[name]).add(commands)
    asked = parser.parse_args(given)
    try:
        text, code = asked.run(asked)
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(text, end="")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
