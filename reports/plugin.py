"""Options, hooks and the terminal section of conformance runs."""

import platform
import tempfile
import tomllib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reports.catalogue import BadCatalogue, Catalogue, UnknownRequirement, load
from reports.collector import BELOW_LEVEL, Collector, assemble
from reports.combinations import applies, span
from reports.files import write
from reports.latency import history
from reports.latency.plugin import (
    FINDINGS,
    UNDECIDED,
    judged_together,
    latency_findings,
    latency_statistics,
)
from reports.terminal import Line, render, verdict_lines
from reports.verdict import LEVELS, judged, strictest

if TYPE_CHECKING:
    from reports.model import Report

__all__ = ["judged_together", "latency_findings", "latency_statistics"]
CATALOGUE = pytest.StashKey[Catalogue]()
DESELECTED = pytest.StashKey[int]()
_BELOW = "below level"


class ConformanceHooks:
    """Hooks that other plugins may answer."""

    def pytest_conformance_facts(self, config: pytest.Config) -> dict[str, str]:  # type: ignore[empty-body]
        """Return facts about what the run judges and where, for instance ``{"envoy": "1.40.0"}``.

        All answers are merged. ``istio``, ``semantics`` and ``envoy`` appear in the verdict.
        """


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make ``pytest_conformance_facts`` known."""
    pluginmanager.add_hookspecs(ConformanceHooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare what to select, what to judge and where the report goes."""
    group = parser.getgroup("conformance", "which requirements are judged, and the report")
    group.addoption(
        "--rule",
        action="append",
        default=[],
        metavar="ID",
        help="only checks of these requirements: AUTH-3, AUTH-3,HDR-1 or 'AUTH-*' (repeatable)",
    )
    group.addoption(
        "--level",
        choices=LEVELS,
        default="core",
        help="whose failures fail the run: core, core and hardened, or all (default: %(default)s)",
    )
    group.addoption(
        "--report-dir",
        metavar="PATH",
        help="folder for report.json, .md and .html; if given, also junit.xml"
        " (default: reports/out in the root folder)",
    )
    parser.addini("requirements", "the requirement catalogue", default="suites/requirements.toml")


@pytest.hookimpl(tryfirst=True)  # before junitxml reads xmlpath
def pytest_configure(config: pytest.Config) -> None:
    """Resolve the report folder and register the marker and, once per run, the recorder."""
    config.addinivalue_line(
        "markers", "requirement(*ids): the requirements of the catalogue that a test checks"
    )
    config.addinivalue_line(
        "markers",
        "claim(sentence): what is said of filters and this check measures;"
        " it tells by record_property('measured', ...)",
    )
    given = config.option.report_dir
    folder = config.invocation_params.dir / given if given else config.rootpath / "reports/out"
    config.option.report_dir = str(folder)
    config.stash[DESELECTED] = 0
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(Recorder(config, explicit=bool(given)), "conformance-recorder")
    if given:
        _claim(folder)
        config.option.xmlpath = getattr(config.option, "xmlpath", None) or str(folder / "junit.xml")


def _claim(folder: Path) -> None:
    """Find out before a long run whether its report can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise pytest.UsageError(
            f"--report-dir={folder}: cannot make this folder: {error.strerror}\n"
            "Hint: pytest suites/ --report-dir=reports/out"
        ) from error


@pytest.hookimpl(tryfirst=True)  # before anything costly starts that would only fail later
def pytest_sessionstart(session: pytest.Session) -> None:
    """Read the catalogue, and refuse a wrong one or a --rule that selects nothing."""
    config = session.config
    try:
        catalogue = load(config.rootpath / config.getini("requirements"))
        catalogue.select(_patterns(config))
    except BadCatalogue as error:
        raise pytest.UsageError(str(error)) from error
    except UnknownRequirement as error:
        raise pytest.UsageError(f"--rule: {error.args[0]}") from error
    config.stash[CATALOGUE] = catalogue


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a test that names an unknown requirement into a collection error, also under xdist."""
    report = yield
    catalogue = collector.config.stash[CATALOGUE]
    wrong = [
        f"{each.nodeid}: {problem}"
        for each in report.result or ()
        if isinstance(each, pytest.Item)
        for problem in _problems(each, catalogue)
    ]
    if wrong:
        report.outcome = "failed"
        report.longrepr = "\n".join(wrong)
        report.result = []
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note the requirements of each test where every report can see them, and apply --rule."""
    for item in items:
        item.user_properties += [("requirement", each) for each in _requirements(item)]
        item.user_properties += [("claim", mark.args[0]) for mark in item.iter_markers("claim")]
    if patterns := _patterns(config):
        chosen = config.stash[CATALOGUE].select(patterns)
        out = [item for item in items if chosen.isdisjoint(_requirements(item))]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if not chosen.isdisjoint(_requirements(item))]


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count what was left out: a selected run cannot tell what nobody checks."""
    if items:
        items[0].config.stash[DESELECTED] += len(items)


@pytest.hookimpl(tryfirst=True)  # before anything is started for it
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a check where none of its requirements holds: the catalogue knows since when."""
    release = dict(item.user_properties).get("release", "")
    rules = [item.config.stash[CATALOGUE][each] for each in _requirements(item)]
    if rules and not any(applies(each, str(release)) for each in rules):
        held = "; ".join(f"{each.id} holds {span(each)}" for each in rules)
        pytest.skip(f"not in Istio {release}: {held}")


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: others keep evidence of a failure
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Name the broken requirement, and keep a failure below the judged level from counting."""
    report = yield
    if call.when == "call":
        vars(report)["latency"] = item.stash.get(
            FINDINGS, []
        )  # xdist carries what it does not know
    requirements = _requirements(item)
    if not report.failed or not requirements:
        return report
    catalogue = item.config.stash[CATALOGUE]
    report.sections += [
        ("Requirement", f"{each}: {catalogue[each].sentence}") for each in requirements
    ]
    level = strictest(catalogue[each].level for each in requirements)
    asked = item.config.option.level
    if call.when == "call" and call.excinfo and level not in judged(asked):
        # The way of xfail: pytest, junitxml and xdist all know an accepted failure by it.
        report.outcome = "skipped"
        report.wasxfail = f"{_BELOW}: {level} is not judged by --level={asked}"
        report.user_properties.append((BELOW_LEVEL, level))
    return report


@pytest.hookimpl(tryfirst=True)  # before xfail claims it
def pytest_report_teststatus(
    report: pytest.TestReport | pytest.CollectReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Show what neither passed nor failed as an outcome of its own."""
    properties = dict(getattr(report, "user_properties", ()))
    if BELOW_LEVEL in properties:
        return _BELOW, "b", (_BELOW.upper(), {"yellow": True})
    verdict = properties.get("verdict")
    if verdict in UNDECIDED and report.when == "call" and report.skipped:
        return str(verdict), "?", (str(verdict).upper(), {"yellow": True})
    return None


def pytest_conformance_facts() -> dict[str, str]:
    """Answer what Python and machine the run used."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}".lower(),
    }


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the controller of an xdist run how much this worker left out."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_BELOW] = session.config.stash[DESELECTED]


def _patterns(config: pytest.Config) -> list[str]:
    return [part.strip() for rule in config.option.rule for part in rule.split(",")]


def _requirements(item: pytest.Item) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(str(each) for mark in item.iter_markers("requirement") for each in mark.args)
    )


def _problems(item: pytest.Item, catalogue: Catalogue) -> Iterator[str]:
    for mark in item.iter_markers("requirement"):
        if not mark.args or mark.kwargs:
            yield "requirement() takes one or more ids and nothing else"
    for each in _requirements(item):
        try:
            catalogue[each]
        except UnknownRequirement as error:
            yield str(error.args[0])


class Recorder:
    """Collects on the controller, then writes the report and prints the verdict."""

    def __init__(self, config: pytest.Config, *, explicit: bool) -> None:
        """Start an empty record; ``explicit`` says that a report was asked for by its folder."""
        self._config = config
        self._explicit = explicit
        self._folder = Path(config.option.report_dir)
        self._collector = Collector()
        self._report: Report | None = None
        self._written: tuple[Path, ...] = ()
        self._problem = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one phase of one test, from this process or from a worker."""
        self._collector.add(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Learn from an xdist worker how much it left out; all leave out the same."""
        left_out = getattr(node, "workeroutput", {}).get(_BELOW, 0)
        self._config.stash[DESELECTED] = max(self._config.stash[DESELECTED], left_out)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Assemble and write the report; one that cannot be written fails the run."""
        config = self._config
        if config.option.collectonly or not (self._collector.used or self._explicit):
            return
        answers = config.hook.pytest_conformance_facts(config=config)
        facts = {name: value for answer in reversed(answers) for name, value in answer.items()}
        checks = self._collector.checks(config.stash[CATALOGUE], folder=self._folder)
        latency = self._collector.latency()
        past, self._problem = history.continued(latency, self._folder)
        incomplete = self._collector.why_incomplete(_stopped(session, exitstatus))
        self._report = assemble(
            checks,
            config.stash[CATALOGUE],
            full=not incomplete and self._asked_for_everything(),
            tool_version=_tool_version(),
            started=self._collector.started,
            facts=facts,
            level=config.option.level,
            incomplete=incomplete,
            latency=latency,
            history=past,
        )
        try:
            self._written = write(self._report, self._folder)
        except OSError as error:
            self._problem = f"cannot write the report to {self._folder}: {error.strerror}"
            session.exitstatus = exitstatus or pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the conformance section; with -q only the verdict lines."""
        if self._report is None:
            return
        quiet = self._config.get_verbosity() < 0
        if not quiet:
            terminalreporter.section("conformance")
        shown = (
            verdict_lines(self._report)
            if quiet
            else render(self._report, folder=self._relative(self._folder))
        )
        files = () if quiet else [Line(self._relative(path)) for path in self._written]
        problem = [Line(self._problem, "red")] if self._problem else ()
        for line in (*shown, *files, *problem):
            markup = {line.colour: True} if line.colour else {}
            terminalreporter.write_line(line.text, **markup)

    def _asked_for_everything(self) -> bool:
        here = self._config.invocation_params.dir
        suites = self._config.stash[CATALOGUE].path.parent
        return not self._config.stash[DESELECTED] and any(
            suites.is_relative_to((here / arg).resolve()) for arg in self._config.args
        )

    def _relative(self, path: Path) -> str:
        here = self._config.invocation_params.dir
        return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _stopped(session: pytest.Session, exitstatus: int) -> str:
    reasons = {
        pytest.ExitCode.INTERRUPTED: "interrupted",
        pytest.ExitCode.INTERNAL_ERROR: "internal error",
        pytest.ExitCode.USAGE_ERROR: "usage error",
    }
    return str(session.shouldfail or session.shouldstop or reasons.get(exitstatus, ""))  # type: ignore[call-overload]


def _tool_version() -> str:
    project = Path(__file__).parents[1] / "pyproject.toml"
    return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
