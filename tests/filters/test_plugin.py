"""Which filters a run judges, from the command line to the test."""

import pytest

from filters import cache
from filters.sources import HERE
from tests.filters.handmade import module

SUITE = """
import pytest

@pytest.mark.contract("headers")
def test_headers(wasm_filter):
    assert wasm_filter.contract == "headers"

@pytest.mark.contract("basic-auth")
def test_auth(wasm_filter):
    assert wasm_filter.contract == "basic-auth"

@pytest.mark.contract("any")
def test_any(wasm_filter):
    assert wasm_filter.size

def test_unmarked():
    pass
"""


# Read before pytester moves HOME: an empty cache costs a minute, the first build of libc++.
CACHE = cache.folder().parent


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest with this plugin alone, and with the cache of the outer run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nfilterwarnings = error\nstrict = true\n")
    pytester.makepyfile(test_suite=SUITE)
    plugins = ("-p", "filters.plugin", "-p", "no:cacheprovider")
    return lambda *options: pytester.runpytest_inprocess(*plugins, *options)


@pytest.fixture
def own_filter(pytester):
    """A folder of the user's own that keeps the contract of headers."""
    folder = pytester.mkdir("own")
    (folder / "filter.toml").write_text('contract = "headers"\nlanguage = "cpp"\n')
    source = (HERE / "probes" / "empty" / "empty.cc").read_text()
    (folder / "own.cc").write_text(source)
    return folder


def test_every_test_runs_once_for_each_bundled_filter_of_its_contract(run):
    result = run("--language=cpp", "-v")

    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines_random(
        [
            "filters: basic-auth cpp, headers cpp",
            "test_suite.py::test_headers[[]cpp[]] PASSED*",
            "test_suite.py::test_auth[[]cpp[]] PASSED*",
            "test_suite.py::test_any[[]basic-auth-cpp[]] PASSED*",
            "test_suite.py::test_any[[]headers-cpp[]] PASSED*",
        ]
    )


def test_a_module_of_the_users_own_replaces_the_bundled_ones(run, pytester):
    path = pytester.path / "theirs.wasm"
    path.write_bytes(module())

    result = run("--filter=theirs.wasm", "--contract=headers", "-v")

    result.assert_outcomes(passed=3, deselected=1)
    result.stdout.fnmatch_lines_random(
        ["filters: theirs wasm", "*::test_headers[[]wasm[]] PASSED*", "*test_any[[]wasm[]] PASSED*"]
    )


def test_a_folder_of_the_users_own_is_built_and_judged(run, own_filter):
    result = run(f"--filter={own_filter}")

    result.assert_outcomes(passed=3, deselected=1)
    result.stdout.fnmatch_lines(["filters: own cpp"])


def test_several_filters_are_told_apart_by_name(run, own_filter, pytester):
    for name in ("a/same.wasm", "b/same.wasm"):
        path = pytester.path / name
        path.parent.mkdir()
        path.write_bytes(module())

    result = run(
        *("--filter=a/same.wasm", "--filter=b/same.wasm", f"--filter={HERE / 'headers' / 'cpp'}"),
        *("--contract=headers", "--collect-only", "-q"),
    )

    assert [line for line in result.outlines if "test_headers" in line] == [
        "test_suite.py::test_headers[same-wasm-1]",
        "test_suite.py::test_headers[same-wasm-2]",
        "test_suite.py::test_headers[headers-cpp]",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--filter=no.wasm"], "--filter=no.wasm: no such file or folder"),
        (["--filter=html.wasm"], "*by which contract*; known are headers, basic-auth, any"),
        (
            ["--filter=html.wasm", "--contract=header"],
            "*there is no contract 'header'; known are headers, basic-auth, any. *'headers'?",
        ),
        (["--filter=html.wasm", "--contract=headers"], "*html.wasm is not Wasm: it begins with*"),
        (["--filter=."], "--filter=.: . is no filter: No such file or directory (filter.toml)"),
        (["--contract=headers"], "--contract=headers names *, and no --filter is given"),
        (["--configuration=x"], "--configuration=x names *, and no --filter is given"),
        (
            ["--filter=sound.wasm", "--contract=any", "--configuration=x"],
            "--configuration=x: No such file or directory",
        ),
        (["--language=cpp", "--filter=."], "--language chooses *, and --filter replaces them"),
        (
            ["--reference=sound.wasm"],
            "--reference=sound.wasm is an earlier module of one *are judged",
        ),
        (
            ["--filter=sound.wasm", "--contract=any", "--reference=html.wasm"],
            "--reference=html.wasm: html.wasm is not Wasm: it begins with*",
        ),
        (
            ["--filter=sound.wasm", "--contract=any", "--reference=no.wasm"],
            "--reference=no.wasm: *No such file or directory*",
        ),
        (["--language=cobol"], "*--language=cobol: nothing here builds that; known are cpp*"),
        (["--language=cpp,rusty"], "*--language=rusty: nothing here builds that*"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value),
)
def test_a_wrong_option_ends_the_run_with_one_message(run, pytester, options, message):
    (pytester.path / "html.wasm").write_text("<html>")
    (pytester.path / "sound.wasm").write_bytes(module())

    result = run(*options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*ERROR: {message}" if "argument" not in message else message])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


@pytest.mark.parametrize("options", [(), ("-q",), ("--collect-only",)], ids=" ".join)
def test_a_run_that_would_judge_nothing_says_so(run, pytester, options):
    (pytester.path / "theirs.wasm").write_bytes(module())
    chosen = ("--filter=theirs.wasm", "--contract=basic-auth", "-k", "headers")

    result = run(*chosen, *options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(
        [
            "ERROR: no check is left: the 1 that were found judge the contract 'headers', "
            "and what is judged is theirs wasm (basic-auth)",
            "Hint: *",
        ]
    )


def test_a_run_of_workers_that_would_judge_nothing_says_so_once(run, pytester):
    (pytester.path / "theirs.wasm").write_bytes(module())
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    chosen = ("--filter=theirs.wasm", "--contract=basic-auth", "-k", "headers")

    result = run(*chosen, "-p", "xdist", "-n", "2")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stdout.str().count("ERROR: no check is left") == 1


def test_a_module_carries_a_configuration_that_it_accepts(run, pytester, own_filter):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.contract("any")
        def test_given(wasm_filter):
            assert wasm_filter.configuration == '{"a": true}'
        """
    )
    (own_filter / "filter.toml").write_text(
        'contract = "headers"\nlanguage = "cpp"\nconfiguration = {a = true}\n'
    )

    run(f"--filter={own_filter}", "-k", "given").assert_outcomes(passed=1, deselected=4)


def test_a_filter_of_the_users_own_that_does_not_compile_is_one_message(run, own_filter):
    (own_filter / "own.cc").write_text("int x = ;\n")

    result = run(f"--filter={own_filter}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*own.cc:1:9: *error: expected expression"])
    assert result.stderr.str().count("expected expression") == 1


def test_collecting_builds_nothing(run, own_filter):
    (own_filter / "own.cc").write_text("int x = ;\n")

    assert run(f"--filter={own_filter}", "--collect-only").ret == pytest.ExitCode.OK


@pytest.fixture
def broken_toolchain(monkeypatch):
    from filters import toolchains

    def missing(language):
        raise toolchains.ToolchainMissing("no compiler here\nHint: uv sync")

    monkeypatch.setattr(toolchains, "find", missing)


@pytest.mark.usefixtures("broken_toolchain")
def test_a_missing_compiler_skips_and_says_what_to_do(run):
    result = run("--language=cpp", "-rs")

    result.assert_outcomes(skipped=4, passed=1)
    result.stdout.fnmatch_lines(["SKIPPED*no compiler here*", "*Hint: uv sync*"])


@pytest.mark.usefixtures("broken_toolchain")
def test_a_missing_compiler_fails_where_toolchains_are_demanded(run):
    result = run("--language=cpp", "--strict-toolchains")

    result.assert_outcomes(errors=4, passed=1)
    result.stdout.fnmatch_lines(["*no compiler here*"])


def test_a_bundled_filter_that_does_not_compile_is_told_in_full_once(run, monkeypatch):
    from filters import build

    def failing(source, *, progress):
        raise build.BuildFailed(f"{source.label} does not compile\nlong story")

    monkeypatch.setattr(build, "build", failing)
    result = run("--language=cpp", "-k", "auth")
    text = result.stdout.str()

    errors, _, _ = text.partition("short test summary")
    assert errors.count("long story") == 1
    assert text.count("basic-auth cpp was not built, see the first error") >= 1
    assert "Traceback" not in text
    assert "plugin.py" not in text


def test_a_test_without_a_contract_cannot_ask_for_a_filter(run, pytester):
    pytester.makepyfile("def test_lost(wasm_filter): pass")

    result = run()

    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*test_lost asks for wasm_filter and names no contract*"])


def test_an_unknown_contract_in_a_test_is_an_error(run, pytester):
    pytester.makepyfile(
        "import pytest\n@pytest.mark.contract('haeders')\ndef test_lost(wasm_filter): pass"
    )

    result = run()

    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*there is no contract 'haeders'; known are headers*"])


def test_a_report_carries_the_filter_that_was_judged(run, pytester):
    pytester.makeconftest(
        "def pytest_runtest_logreport(report):\n"
        "    if report.when == 'call':\n"
        "        print(report.nodeid, dict(report.user_properties))\n"
    )

    result = run("-s", "-k", "headers or unmarked")

    result.stdout.fnmatch_lines_random(
        ["*test_headers[[]cpp[]] {'filter': 'headers cpp'}", "*test_unmarked {}"]
    )


def test_publisher_and_probes_are_at_hand(run, pytester):
    pytester.makepyfile(
        """
        from urllib.request import urlopen

        def test_publish(publisher, probe_module):
            trap = probe_module("trap")
            url = publisher.publish(trap)
            with urlopen(url) as reply:
                assert reply.read() == trap.read()
            assert publisher.requests(url) == 1
        """
    )

    run("--language=cpp", "-k", "publish").assert_outcomes(passed=1, deselected=5)


def test_a_second_filter_is_at_hand_whatever_is_judged(run, pytester):
    pytester.makepyfile(
        """
        def test_second(other_filter):
            assert other_filter("headers").label == "headers cpp"
        """
    )
    (pytester.path / "theirs.wasm").write_bytes(module())

    result = run("--filter=theirs.wasm", "--contract=basic-auth", "-k", "second")

    result.assert_outcomes(passed=1, deselected=4)


def test_options_explain_themselves(run):
    result = run("--help")

    result.stdout.fnmatch_lines_random(
        ["which filters are judged:", "  --filter=PATH*", "  --contract=NAME*", "  --language=*"]
    )


def test_a_cache_that_cannot_be_written_is_one_message_and_not_one_per_test(run, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")

    result = run("--language=cpp")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*cannot write the build cache /proc/nowhere/*", "*Hint: *"])
