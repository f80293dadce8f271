"""Options, fixtures and hooks of the filters: which ones are judged, built and published."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from filters import cache, choice, contracts, given, sources, toolchains
from filters.choice import Choice, Chosen

if TYPE_CHECKING:
    from filters.docker_registry import DockerRegistry
    from filters.image_registry import ImageRegistry
    from filters.module import Module
    from filters.publish import FileServer

pytest_plugins = ("filters.reference_plugin",)

CHOICE = pytest.StashKey[Choice]()
FAILED = pytest.StashKey[set[str]]()
NOTHING = pytest.StashKey[str]()
WORKER_NOTHING = "nothing to judge"

MODULE_FIXTURE = "wasm_filter"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say which filters, and how strict a run is about compilers."""
    group = parser.getgroup("filters", "which filters are judged")
    group.addoption(
        "--filter",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        dest="filter_paths",
        help="a .wasm file, or a folder with a filter.toml; repeatable (default: the bundled ones)",
    )
    group.addoption(
        "--contract",
        metavar="NAME",
        help="the contract of a .wasm file given by --filter: "
        + ", ".join(known.name for known in contracts.known()),
    )
    group.addoption(
        "--configuration",
        type=Path,
        metavar="FILE",
        help="what a .wasm file given by --filter is configured with where a check asks no more "
        "than that it loads (default: the example of its contract)",
    )
    group.addoption(
        "--language",
        action="append",
        default=[],
        metavar="LANG,…",
        dest="filter_languages",
        help="only bundled filters in these languages, of "
        + ", ".join(toolchains.LANGUAGES)
        + "; repeatable (default: every language whose compiler is there)",
    )
    group.addoption(
        "--registry",
        metavar="HOST/REPO",
        dest="filter_registry",
        help="publish the filters as images to this registry, with the credentials of the docker "
        "configuration (default: a file server of the run)",
    )
    group.addoption(
        "--strict-toolchains",
        action="store_true",
        help="fail where a compiler is missing (default: skip, and say so)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read the choice, so that a wrong one ends the run before it begins."""
    config.addinivalue_line(
        "markers", "contract(name): the contract that a test judges; see filters/contracts.toml"
    )
    config.stash[FAILED] = set()
    config.stash[CHOICE] = _choice(config)
    if any(isinstance(each, sources.Source) for each in config.stash[CHOICE].filters):
        try:
            cache.check()
        except cache.CacheUnwritable as error:  # once, and not for every check
            raise pytest.UsageError(str(error)) from error


def _choice(config: pytest.Config) -> Choice:
    paths: list[Path] = config.getoption("filter_paths")
    contract, configuration = (config.getoption(name) for name in ("contract", "configuration"))
    try:
        languages = choice.languages(config.getoption("filter_languages"))
        if not paths:
            chosen = choice.bundled(
                languages=languages, contract=contract, configuration=configuration
            )
            # Documents of the user's own, an option of the clusters plugin, are judged alone.
            alone = config.getoption("manifest_paths", default=()) and not languages
            return choice.NONE if alone else chosen
        chosen = choice.of_paths(
            paths, languages=languages, contract=contract, configuration=configuration
        )
        if not (hasattr(config, "workerinput") or config.option.collectonly or config.option.help):
            choice.build_given(chosen)
    except given.InvalidFilter as error:
        raise pytest.UsageError(str(error)) from error
    return chosen


def pytest_report_header(config: pytest.Config) -> str:
    """Name what is judged."""
    labels = [f.label for f in config.stash[CHOICE].filters]
    return f"filters: {', '.join(labels) or 'none'}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `wasm_filter` once for each chosen filter of its contract."""
    if MODULE_FIXTURE not in metafunc.fixturenames:
        return
    contract = _contract(metafunc.definition)
    if contract is None:
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid} asks for wasm_filter and names no contract\n"
            'Hint: @pytest.mark.contract("headers")'
        )
    found = metafunc.config.stash[CHOICE].of(contract)
    metafunc.parametrize(
        MODULE_FIXTURE, found, ids=choice.ids(found), indirect=True, scope="session"
    )


@pytest.hookimpl(trylast=True)  # after -k, -m and --rule: what is left then is what was asked for
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests of contracts that no given filter keeps; note which filter a test judges."""
    chosen = config.stash[CHOICE]
    kept = [item for item in items if chosen.judges(_contract(item))]
    if items and not kept:
        asked = dict.fromkeys(filter(None, map(_contract, items)))
        config.stash[NOTHING] = choice.nothing_left(chosen, asked, checks=len(items))
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept
    for item in items:
        if (chosen_filter := _filter(item)) is not None:
            item.user_properties.append(("filter", chosen_filter.label))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a run that judges nothing end as what it is: a usage error."""
    config = session.config
    if (text := config.stash.get(NOTHING, "")) and hasattr(config, "workeroutput"):
        config.workeroutput[WORKER_NOTHING] = text
    elif text:
        session.exitstatus = pytest.ExitCode.USAGE_ERROR


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Learn from an xdist worker, which is the one that collects, that it has nothing to judge."""
    if text := getattr(node, "workeroutput", {}).get(WORKER_NOTHING):
        node.config.stash[NOTHING] = text  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why nothing was judged."""
    if text := terminalreporter.config.stash.get(NOTHING, ""):
        terminalreporter.write_line(f"ERROR: {text}", red=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Say in one line what the first test that needed this filter has said in full."""
    chosen = _filter(item)
    if chosen is not None and chosen.label in item.config.stash[FAILED]:
        pytest.fail(f"{chosen.label} was not built, see the first error", pytrace=False)


def _filter(item: pytest.Item) -> Chosen | None:
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get(MODULE_FIXTURE)


def _contract(item: pytest.Item) -> str | None:
    marker = item.get_closest_marker("contract")
    if marker is None:
        return None
    try:
        (name,) = marker.args
        return contracts.find(name).name
    except (ValueError, contracts.UnknownContract) as error:
        raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.contract: {error}") from error


@pytest.fixture(scope="session")
def filter_progress(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Print one line of progress above the dots, whatever is captured."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    reporter = pytestconfig.pluginmanager.getplugin("terminalreporter")

    def line(text: str) -> None:
        if capture is not None and reporter is not None and pytestconfig.option.verbose >= 0:
            with capture.global_and_fixture_disabled():
                reporter.ensure_newline()
                reporter.write_line(f"  {text}")

    return line


@pytest.fixture(scope="session")
def wasm_filter(request: pytest.FixtureRequest, filter_progress: Callable[[str], None]) -> "Module":
    """Return the built filter that is judged: a Module, for each chosen filter of the contract."""
    chosen: Chosen = request.param
    return _built(request.config, chosen, filter_progress)


@pytest.fixture(scope="session")
def given_filter(
    pytestconfig: pytest.Config, filter_progress: Callable[[str], None]
) -> "Module | None":
    """Return the Module that --filter names, None where it names none or several."""
    chosen = pytestconfig.stash[CHOICE]
    if not chosen.given or len(chosen.filters) != 1:
        return None
    return _built(pytestconfig, chosen.filters[0], filter_progress)


@pytest.fixture(scope="session")
def other_filter(
    pytestconfig: pytest.Config, filter_progress: Callable[[str], None]
) -> "Callable[[str], Module]":
    """Return a function from a contract to the Module of a bundled filter that keeps it.

    For tests that need a second filter beside the one they judge.
    """

    def other(contract: str) -> "Module":
        name = contracts.find(contract).name
        source = next(s for s in sources.bundled() if (s.contract, s.language) == (name, "cpp"))
        return _built(pytestconfig, source, filter_progress)

    return other


def _built(config: pytest.Config, chosen: Chosen, progress: Callable[[str], None]) -> "Module":
    if not isinstance(chosen, sources.Source):
        return chosen
    from filters import build, cache, wasm

    try:
        return replace(
            build.build(chosen, progress=progress),
            configuration=chosen.configuration,
            max_overhead_ns=chosen.max_overhead_ns,
            folder=chosen.folder,
        )
    except toolchains.ToolchainMissing as missing:
        reason, skip = str(missing), not config.getoption("strict_toolchains")
    except (build.BuildFailed, cache.CacheUnwritable, wasm.InvalidModule) as failed:
        reason, skip = str(failed), False
    # Outside of the handlers, or pytest shows the same text a second time as its cause.
    if skip:
        pytest.skip(reason)
    config.stash[FAILED].add(chosen.label)
    pytest.fail(reason, pytrace=False)


@pytest.fixture(scope="session")
def publisher(pytestconfig: pytest.Config) -> "Iterator[FileServer]":
    """Return a file server on loopback: publish(module) -> URL, and ways to misbehave."""
    from filters.publish import FileServer

    if chosen := pytestconfig.getoption("filter_registry"):
        with _to_registry(chosen) as server:
            yield server
    else:
        with FileServer() as server:
            yield server


def _to_registry(chosen: str) -> "FileServer":
    from filters import docker_config, registry
    from filters.registry_publisher import RegistryPublisher

    try:
        return RegistryPublisher(registry.target(chosen))
    except (docker_config.UnusableCredentials, registry.InvalidTarget) as error:
        reason = str(error)
    pytest.fail(f"--registry={chosen}: {reason}", pytrace=False)


@pytest.fixture
def image_registry() -> "Iterator[ImageRegistry]":
    """Return an empty image registry on loopback: publish(module) -> oci:// URL, and faults."""
    from filters.image_registry import ImageRegistry

    with ImageRegistry() as registry:
        yield registry


@pytest.fixture(scope="session")
def docker_registry(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[DockerRegistry]":
    """Return a real image registry on loopback: publish(module, layout=…) -> oci:// URL."""
    from filters import docker_registry

    try:
        docker_registry.find()
    except docker_registry.RegistryMissing as missing:
        reason = str(missing)
    else:
        with docker_registry.DockerRegistry(tmp_path_factory.mktemp("registry")) as registry:
            yield registry
        return
    if pytestconfig.getoption("strict_toolchains"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def probe_module(filter_progress: Callable[[str], None]) -> "Callable[[str], Module]":
    """Return a function from the name of a probe ("empty", "trap", "refuse", …) to its Module."""
    from filters import build, probes

    return lambda name: build.compiled(probes.source(name), progress=filter_progress)


@pytest.fixture(scope="session")
def crashing_module(
    filter_progress: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory
) -> "Callable[[str], tuple[Module, str]]":
    """Return a function from a language to the Module of a filter in it that crashes, and how."""
    from filters import build, crashes

    def crashing(language: str) -> "tuple[Module, str]":
        if language not in crashes.CRASHES:
            pytest.skip(f"how a module in {language!r} crashes is not known")
        source = crashes.source(language, tmp_path_factory.mktemp("crashes"))
        return build.build(source, progress=filter_progress), crashes.CRASHES[language].how

    return crashing
