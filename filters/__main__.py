"""`python -m filters build FOLDER`: build one filter and say where the module is."""

import argparse
import sys
from pathlib import Path

from filters import build, cache, sources, toolchains, wasm


def main() -> int:
    """Return the exit code: 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m filters", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("build", help="build a filter, or find it in the cache")
    command.add_argument("folder", type=Path, help="a folder with a filter.toml")
    folder: Path = parser.parse_args().folder
    try:
        module = build.build(
            sources.read(folder), progress=lambda text: print(text, file=sys.stderr)
        )
    except (
        build.BuildFailed,
        cache.CacheUnwritable,
        sources.InvalidSource,
        toolchains.ToolchainMissing,
        toolchains.UnknownLanguage,
        wasm.InvalidModule,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{module.path}\n{module.size} bytes\nsha256 {module.sha256}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
