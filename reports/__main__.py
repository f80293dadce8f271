"""``python -m reports``: show, render, compare or accept what runs found, outside pytest."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from reports import html, markdown
from reports.comparison import compare
from reports.latency import exports, history, references
from reports.latency.assembly import point
from reports.model import Report
from reports.terminal import render


class BadReport(Exception):
    """The file is no report of this version; the text says where it goes wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0, or 2 for input that cannot be used."""
    asked = _parser().parse_args(arguments)
    try:
        print(_answer(asked), end="")
    except (BadReport, history.BadHistory, references.CannotAccept) as error:
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
    rendering.add_argument("--to", choices=tuple(_FORMS), required=True)
    for each in (show, rendering):
        each.add_argument("report", type=Path, help="a report.json")
    comparing = commands.add_parser("compare", help="what two stored runs can and cannot say")
    comparing.add_argument("old", type=Path, help="a report.json")
    comparing.add_argument("new", type=Path, help="a later one")
    accepting = commands.add_parser("accept", help="keep the measured modules as the reference")
    accepting.add_argument("report", type=Path, nargs="?", default=Path("reports/out/report.json"))
    accepting.add_argument("--filter", metavar="LABEL", help='only this one, "basic-auth cpp"')
    past = commands.add_parser("history", help="overheads run by run, for plots and drift")
    past.add_argument("file", type=Path, nargs="?", default=Path("reports/out") / history.KEPT)
    past.add_argument("--add", type=Path, action="append", default=[], metavar="REPORT")
    past.add_argument("--to", choices=("text", "csv"), default="text")
    for name, what in (("filter", "LABEL"), ("release", "RELEASE"), ("envoy", "VERSION")):
        past.add_argument(f"--{name}", metavar=what, help="only this one; Otava needs one series")
    commands.add_parser("schema", help="print the JSON Schema of report.json")
    return parser


_FORMS: Mapping[str, Callable[[Report], str]] = {
    "html": html.render,
    "md": markdown.render,
    "benchfmt": lambda report: exports.benchfmt(report.latency),
    "csv": lambda report: exports.table(point(found) for found in report.latency),
    "jsonl": lambda report: exports.lines(report.latency),
}


def _answer(asked: argparse.Namespace) -> str:
    match asked.command:
        case "schema":
            return schema()
        case "compare":
            return compare(load(asked.old), load(asked.new))
        case "accept":
            return _accept(load(asked.report), asked.report.parent, asked.filter)
        case "history":
            return _history(asked)
        case "render":
            return _FORMS[asked.to](load(asked.report))
        case _:
            lines = render(load(asked.report), folder=str(asked.report.parent))
            return "".join(f"{line.text}\n" for line in lines)


def _accept(report: Report, folder: Path, only: str | None) -> str:
    chosen = [each for each in report.latency if only in (None, each.filter)]
    if not chosen:
        measured = ", ".join(each.filter for each in report.latency) or "no filter"
        raise references.CannotAccept(
            f"{only or 'no filter'} is not among what the report measured: {measured}\n"
            "Hint: pytest suites/latency"
        )
    taken = references.accept(chosen, folder)
    return "".join(f"{each.filter}: {each.sha256[:12]} {each.path}\n" for each in taken)


def _history(asked: argparse.Namespace) -> str:
    found = [each for path in asked.add for each in load(path).latency]
    kept = history.append(found, asked.file) if found else history.read(asked.file)
    points = [
        each
        for each in kept
        if asked.filter in (None, each.filter)
        and asked.release in (None, each.release)
        and asked.envoy in (None, each.envoy)
    ]
    return exports.table(points) if asked.to == "csv" else history.shown(points)


if __name__ == "__main__":
    sys.exit(main())
