"""``python -m reports``: show, render or describe a report outside pytest."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from reports import html, markdown
from reports.model import Report
from reports.terminal import render


class BadReport(Exception):
    """The file is no report of this version; the text says where it goes wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0, or 2 for input that cannot be used."""
    asked = _parser().parse_args(arguments)
    try:
        print(_answer(asked), end="")
    except BadReport as error:
        print(f"reports: {error}", file=sys.stderr)
        return 2
    return 0


def schema() -> str:
    """Return the JSON Schema of report.json, as it is committed beside this module."""
    return json.dumps(Report.model_json_schema(mode="serialization"), indent=2) + "\n"


def load(path: Path) -> Report:
    """Return the report in a file, or raise BadReport."""
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadReport(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        place = f" at {where}" if where else ""
        raise BadReport(f"{path} is no report{place}: {first['msg']}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="print a report as the end of its run did")
    rendering = commands.add_parser("render", help="print a report in another form")
    rendering.add_argument("--to", choices=("html", "md"), required=True)
    for each in (show, rendering):
        each.add_argument("report", type=Path, help="a report.json")
    commands.add_parser("schema", help="print the JSON Schema of report.json")
    return parser


def _answer(asked: argparse.Namespace) -> str:
    if asked.command == "schema":
        return schema()
    report = load(asked.report)
    if asked.command == "show":
        lines = render(report, folder=str(asked.report.parent))
        return "".join(f"{line.text}\n" for line in lines)
    return html.render(report) if asked.to == "html" else markdown.render(report)


if __name__ == "__main__":
    sys.exit(main())
