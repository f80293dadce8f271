"""Options, fixtures and hooks of the places where a filter runs."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clusters import evidence_folder, release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from bookinfo.app import Application
    from clusters.cluster import Cluster
    from clusters.gateway import Gateway
    from clusters.manifest import Manifest
    from clusters.places import Place, Running

pytest_plugins = ("clusters.stopwatch.plugin", "clusters.second_plugin")

PLACES: pytest.StashKey[tuple[Place, ...]] = pytest.StashKey()
CLUSTER: pytest.StashKey[Running] = pytest.StashKey()
MANIFESTS: pytest.StashKey[dict[release.Release, Manifest]] = pytest.StashKey()

#: Not plain "manifest" and "place": a parameter of that name in anybody's test would be taken for
#: it.
MANIFEST_FIXTURE = "given_manifest"
PLACE_FIXTURE = "cluster_place"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Offer where to run and as which release."""
    from clusters import options

    if find_spec("pytest_kind") and not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        # With -p this plugin comes first, and the options of the other would be there already.
        pluginmanager.load_setuptools_entrypoints("pytest11", name="pytest-kind")
    group = parser.getgroup("clusters", "where the filter runs")
    for name, how in options.offered(pytest_kind=pluginmanager.hasplugin("pytest-kind")).items():
        names = (name, "--envoy-bin") if name == "--proxy" else (name,)
        group.addoption(*names, **how)
    group.addoption(
        "--manifest",
        action="append",
        default=[],
        type=Path,
        metavar="FILE_OR_DIR",
        dest="manifest_paths",
        help="EnvoyFilters and WasmPlugins of your own, applied as they are; with one --filter, "
        "every module in them is that filter; repeatable",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an unknown release, unusable or missing binaries or network before the first test."""
    from clusters import places

    try:
        chosen = places.chosen(config.getoption, _screen(config))
    except places.errors() as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[PLACES] = chosen
    if config.getoption("--cluster") != places.LOCAL and _has_workers(config):
        raise pytest.UsageError(
            f"--cluster={config.getoption('--cluster')} is one gateway, which several processes "
            "cannot share\nHint: leave out -n, or -n 0"
        )
    config.stash[MANIFESTS] = _manifests(config)


def _has_workers(config: pytest.Config) -> bool:
    return bool(config.getoption("numprocesses", None)) or hasattr(config, "workerinput")


def _screen(config: pytest.Config) -> Callable[[str], None]:
    """Return what shows text to a user who waits for a place, whatever is captured."""

    def tell(text: str) -> None:
        terminal = config.pluginmanager.getplugin("terminalreporter")
        capture = config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            if text.startswith(" "):  # else it goes on with a line
                terminal.ensure_newline()
            terminal.write(text, flush=True)

    return tell


def _manifests(config: pytest.Config) -> dict[release.Release, Manifest]:
    from clusters import manifest

    if not (paths := config.getoption("manifest_paths")):
        return {}
    found = {}
    releases = dict.fromkeys(place.release for place in config.stash[PLACES])
    for each in releases:
        try:
            found[each] = manifest.read(paths, each)
        except manifest.InvalidManifest as error:
            where = f"as Istio {each.version}: " if len(releases) > 1 else ""
            raise pytest.UsageError(f"{where}{error}") from error
    return found


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remove an earlier run's evidence, which would pass for this one's."""
    if not hasattr(session.config, "workerinput"):
        evidence_folder.clear(_reports(session.config))


def _reports(config: pytest.Config) -> Path:
    return config.rootpath / (config.getoption("--report-dir") or "reports/out")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what was asked for and what really runs."""
    from clusters import matrix

    lines = matrix.header(config.stash[PLACES])
    manifests = config.stash[MANIFESTS]
    for manifest in list(manifests.values())[:1]:
        lines.append(f"manifest: {', '.join(map(str, manifest.documents))}")
    warnings: dict[str, list[str]] = {}
    for each, manifest in manifests.items():
        for warning in manifest.warnings:
            warnings.setdefault(warning, []).append(each.name)
    for warning, names in warnings.items():
        whose = "Istio" if len(names) == len(manifests) else f"Istio {', '.join(names)}"
        lines.append(f"  {whose} warns: {warning}")
    return lines


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs the gateway once in each place, where there are several."""
    from clusters import matrix

    places = metafunc.config.stash[PLACES]
    if len(places) > 1 and PLACE_FIXTURE in metafunc.fixturenames:
        metafunc.parametrize(
            PLACE_FIXTURE, places, ids=matrix.ids(places), indirect=True, scope="session"
        )


def _place(item: pytest.Item) -> Place | None:
    """Return where a test runs, None if it needs no gateway."""
    if PLACE_FIXTURE not in getattr(item, "fixturenames", ()):
        return None
    places = item.config.stash[PLACES]
    callspec = getattr(item, "callspec", None)
    return callspec.params.get(PLACE_FIXTURE, places[0]) if callspec else places[0]


@pytest.hookimpl(trylast=True)  # whatever the order is, each place is started once
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tell reports where each test runs, and leave manifests' checks to runs that have one."""
    mine = [item for item in items if MANIFEST_FIXTURE in getattr(item, "fixturenames", ())]
    if not config.stash[MANIFESTS] and len(mine) < len(items):
        # Not deselected: a run without a manifest is not the smaller for it.
        items[:] = [item for item in items if item not in set(mine)]
    for item in mine:
        names = " ".join(path.name for path in config.getoption("manifest_paths"))
        item.user_properties.append(("filter", f"manifest {names}".strip()))
    places = config.stash[PLACES]
    order = {None: -1} | {place: at for at, place in enumerate(places)}
    where = {item: _place(item) for item in items}
    items.sort(key=lambda item: order[where[item]])
    for item, place in where.items():
        if place is not None or len(places) == 1:
            found = place or places[0]
            item.user_properties += [("release", found.asked), ("proxy", found.proxy.version)]


def pytest_conformance_facts(config: pytest.Config) -> dict[str, str]:
    """Tell the report where the filter ran."""
    from clusters import matrix

    return {"place": config.getoption("--cluster")} | matrix.facts(config.stash[PLACES])


@pytest.fixture(scope="session")
def cluster_place(request: pytest.FixtureRequest) -> Place:
    """Where the gateway runs: release, Envoy and control plane; one of several, in turn."""
    places = request.config.stash[PLACES]
    if len(places) > 1 and not hasattr(request, "param"):
        pytest.fail(
            f"a check asks for the gateway while it runs, when it cannot be run in {len(places)} "
            "places any more\nHint: name the fixture among the check's arguments",
            pytrace=False,
        )
    return getattr(request, "param", places[0])


@contextmanager
def _in_words(
    session: pytest.Session, kinds: Callable[[], tuple[type[Exception], ...]]
) -> Iterator[None]:
    """Tell of a gateway that is gone once, without a traceback, and let nobody else ask for it."""
    told = ""
    try:
        yield
    except Exception as error:  # which ones count is imported once there is one
        if not isinstance(error, kinds()):
            raise
        told = str(error)
    if told:
        if len(session.config.stash[PLACES]) == 1:
            session.shouldstop = f"there is no gateway: {told.splitlines()[0]}"
        # Whoever is in the middle of the error would have it told a second time.
        raise pytest.fail.Exception(told, pytrace=False) from None


@pytest.fixture(scope="session")
def cluster(
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    cluster_place: Place,
    bookinfo: Application,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    """The gateway's cluster: `with cluster.applied(documents, proof=...)` proves an effect."""
    from bookinfo.documents import documents
    from clusters import places

    folder = tmp_path_factory.mktemp("gateway")
    stack = ExitStack()
    with _in_words(request.session, places.failures):
        running = stack.enter_context(cluster_place.running(documents(bookinfo.port), folder))
    pytestconfig.stash[CLUSTER] = running
    yield running
    del pytestconfig.stash[CLUSTER]
    with _in_words(request.session, places.failures):
        stack.close()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say where real istiod did otherwise than the embedded control plane would have."""
    if found := [each for place in config.stash[PLACES] for each in place.disagreements]:
        terminalreporter.section("istiod and the embedded control plane disagree")
        for sentence in found:
            terminalreporter.line(sentence)


@pytest.fixture(scope="session")
def gateway(cluster: Cluster) -> Gateway:
    """The gateway: `gateway.send("GET", "/productpage")` returns the reply."""
    return cluster.gateway


@pytest.fixture(scope="session")
def given_manifest(pytestconfig: pytest.Config, cluster_place: Place) -> Manifest:
    """The documents of --manifest: `.text` as they are, `.serving(url)` with another module."""
    found = pytestconfig.stash[MANIFESTS]
    if not found:
        pytest.skip("no manifest to judge\nHint: --manifest=FILE_OR_DIR")
    return found[cluster_place.release]


def _gateway_of(item: pytest.Item) -> Running | None:
    """Return the gateway that a test looks at, None as long as it does not run."""
    from clusters import second_plugin

    return second_plugin.of(item) or item.config.stash.get(CLUSTER, None)


def _in_a_check(item: pytest.Item) -> AbstractContextManager[None]:
    """Tell of a gateway that is lost in the middle of a check that looks at one."""
    from clusters import places

    looks = _gateway_of(item) is not None and PLACE_FIXTURE in getattr(item, "fixturenames", ())
    return _in_words(item.session, places.losses) if looks else nullcontext()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Let the evidence of each test begin with it."""
    from clusters import places

    if (running := _gateway_of(item)) is not None:
        with _in_words(item.session, places.failures):
            running.mark()
    with _in_a_check(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Skip, with the reason, a check that would alter a gateway which is not this run's own."""
    from clusters.cluster import NotAlterable

    try:
        with _in_a_check(item):
            yield
    except NotAlterable as error:
        pytest.skip(str(error))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None] | pytest.TestReport:
    """Add to a failure how to reproduce it and where its evidence is."""
    report: pytest.TestReport = yield  # type: ignore[misc,assignment]
    running = _gateway_of(item)
    if report.failed and running is not None:
        from clusters import places

        silences: tuple[type[Exception], ...] = (OSError, *places.failures())
        folder = evidence_folder.folder_for(_reports(item.config), item.nodeid)
        try:
            running.evidence(folder)
            report.user_properties.append(("evidence", str(folder)))
            report.sections.append(("Evidence", str(folder)))
        except silences as error:  # a full disk must not cost the verdict
            report.sections.append(("Evidence", f"could not be kept: {error}"))
        if running.gateway.transcript:
            reply = running.gateway.transcript[-1][1]
            curl = getattr(reply, "curl", str(reply))
            report.user_properties.append(("curl", curl))
            report.sections.append(("Reproduce", curl))
    return report
