"""A report as one HTML file that opens offline, on a desk or on a phone."""

from pathlib import Path, PurePosixPath
from urllib.parse import quote

import jinja2

from reports.claims import claims
from reports.findings import below_level, broken, not_checked, troubles
from reports.latency.page import view
from reports.matrix import LEGEND, tables
from reports.model import Report
from reports.verdict import LEVELS, claim, judged, overviews


def render(report: Report) -> str:
    """Return the report as a self-contained page; every value in it is escaped."""
    found = overviews(report.summaries)
    return _template().render(
        report=report,
        claim=claim(report),
        overviews=found,
        several=any(each.where for each in found),
        levels=LEVELS,
        judged=judged(report.level),
        failures=broken(report),
        troubles=troubles(report),
        below=below_level(report),
        holes=not_checked(report),
        claims=claims(report),
        latency=view(report.latency, report.history),
        tables=tables(report),
        legend=LEGEND,
    )


def link(path: str) -> str:
    """Return a relative path as a link that no scheme can hide in."""
    return quote(f"./{PurePosixPath(path)}")


def title(nodeid: str) -> str:
    """Return the sentence that the name of a test is, with its parameters."""
    path, bracket, parameters = nodeid.partition("[")
    words = path.rpartition("::")[2].removeprefix("test_").replace("_", " ")
    return f"{words} [{parameters}" if bracket else words


def is_link(source: str) -> bool:
    """Tell whether the source of a requirement can be followed."""
    return source.startswith(("https://", "http://"))


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"link": link, "title_of": title}
    environment.tests["link"] = is_link
    return environment.get_template("report.html.j2")
