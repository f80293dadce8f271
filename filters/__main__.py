"""`python -m filters`: begin a filter, build it, publish it to an image registry."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from filters import (
    build,
    cache,
    declaration,
    docker_config,
    images,
    registry,
    sources,
    survey,
    toolchains,
    wasm,
)
from filters.declaration import LANGUAGE_NAMES
from filters.scaffold import menu, project


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m filters", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("build", help="build a filter, or find it in the cache")
    command.add_argument("folder", type=Path, help="a folder with a filter.toml")
    command.set_defaults(run=_build)
    command = commands.add_parser("publish", help="push a filter to an image registry")
    command.add_argument("filter", type=Path, help="a .wasm file, or a folder with a filter.toml")
    command.add_argument("--registry", required=True, metavar="HOST/REPO[:tag]")
    command.add_argument(
        "--layout", choices=images.LAYOUTS, default="compat", help="default: %(default)s"
    )
    command.set_defaults(run=_publish)
    command = commands.add_parser("init", help="begin a filter: a small project that builds")
    command.add_argument("folder", type=Path, help="a new folder; its name becomes the filter's")
    command.add_argument(
        "--language",
        choices=LANGUAGE_NAMES,
        help="what it is written in (default: a menu asks)",
    )
    command.set_defaults(run=partial(_init, command))
    command = commands.add_parser("toolchains", help="tell which languages can be built here")
    command.set_defaults(run=lambda _: survey.table(survey.survey(toolchains.FINDERS)))
    command = commands.add_parser("schema", help="print the JSON Schema of filter.toml")
    command.set_defaults(run=lambda _: declaration.schema())
    asked = parser.parse_args(arguments)
    try:
        print(asked.run(asked), end="")
    except (
        build.BuildFailed,
        cache.CacheUnwritable,
        docker_config.UnusableCredentials,
        registry.InvalidTarget,
        registry.PushFailed,
        project.InvalidProject,
        sources.InvalidSource,
        toolchains.ToolchainMissing,
        toolchains.UnknownLanguage,
        wasm.InvalidModule,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    except menu.NothingChosen:
        print("nothing was chosen, and nothing was written", file=sys.stderr)
        return 130
    return 0


def _publish(asked: argparse.Namespace) -> str:
    target = registry.target(asked.registry)
    path: Path = asked.filter
    try:
        body = build.build(sources.read(path)).read() if path.is_dir() else path.read_bytes()
    except OSError as error:
        raise sources.InvalidSource(f"{path} cannot be read: {error.strerror}") from error
    wasm.check(body, name=str(path))
    image = images.build(body, asked.layout)
    pushed = registry.push(image, target, docker_config.credentials(target.host))
    return f"oci://{pushed.reference}\noci://{pushed.pinned}\nsha256 {image.checksum}\n"


def _init(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> str:
    language = asked.language
    if language is None:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            known = ", ".join(LANGUAGE_NAMES)
            parser.error(f"--language is needed where no terminal can ask: {known}")
        titles = [starter.title for starter in project.STARTERS]
        number = menu.choose("What do you write the filter in?", titles, terminal=0, screen=1)
        language = project.STARTERS[number].language
    written = "".join(f"{path}\n" for path in project.create(asked.folder, language))
    return f"{written}\nNext: python -m filters build {shlex.quote(str(asked.folder))}\n"


def _build(asked: argparse.Namespace) -> str:
    source = sources.read(asked.folder)
    module = build.build(source, progress=lambda text: print(text, file=sys.stderr))
    return f"{module.path}\n{module.size} bytes\nsha256 {module.sha256}\n"


if __name__ == "__main__":
    sys.exit(main())
