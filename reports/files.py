"""The files of one report, all written from the same model."""

from pathlib import Path

from reports import html, markdown
from reports.model import Report


def write(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write report.json, report.md and report.html into ``folder``; return their paths.

    Raises OSError where the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "report.json": report.model_dump_json(indent=2) + "\n",
        "report.md": markdown.render(report),
        "report.html": html.render(report),
    }
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in contents)
