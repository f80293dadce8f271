"""`python -m clusters`: what there is to do about places without running a suite."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from clusters.commands import binaries
from clusters.commands.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (binaries,)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m clusters", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.offer(commands)
    asked = parser.parse_args(arguments)
    try:
        print(asked.run(asked), end="")
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
