"""Exports, history, comparisons and accepted modules, most of them by the command line."""

import csv
import hashlib
import io
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.latency import exports, history, references
from reports.latency.finding import HistoryPoint, LatencyFinding
from tests.reports.latency.sample import findings, report
from tests.reports.sample import SAMPLE


def stored(folder: Path, *found: LatencyFinding, name: str = "report.json") -> str:
    path = folder / name
    path.write_text(SAMPLE.model_copy(update={"latency": found}).model_dump_json())
    return str(path)


def test_go_sees_one_line_per_session_arm_and_figure() -> None:
    text = exports.benchfmt(findings()[:1])
    lines = [line for line in text.splitlines() if line.startswith("Benchmark")]
    figures = len(findings()[0].figures)

    assert len(lines) == figures * 4 * len(("none", "empty", "native", "ref", "new"))
    for line in lines:
        # https://go.googlesource.com/proposal/+/master/design/14313-benchmark-format.md
        assert re.fullmatch(r"Benchmark[A-Z]\S+ 1 -?\d+\.\d ns/req", line)
    assert text.splitlines()[:2] == ["goos: linux", "cpu: Paper CPU @ 2.00GHz"]


def test_benchstat_finds_the_keys_that_the_documentation_names() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "latency.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\$ (benchstat .+) new.txt$", manual, re.MULTILINE)
    _, *words = shlex.split(command)
    given = dict(zip(words[::2], words[1::2], strict=True))
    arms = given.pop("-filter").removeprefix("/arm:(").removesuffix(")").split(" OR ")
    # What benchstat neither filters, spreads over columns nor gives a row it would throw together.
    keys = ["arm", *(key.removeprefix("/") for key in given["-row"].split(","))]

    lines = [
        line.partition(" ")[0]
        for line in exports.benchfmt(findings()[:2]).splitlines()
        if line.startswith("Benchmark")
    ]

    assert given["-col"] == "/arm"
    for line in lines:
        assert sorted(part.partition("=")[0] for part in line.split("/")[1:]) == sorted(keys)
    found = [arm for line in lines if (arm := re.findall(r"/arm=(\w+)", line)[0]) in arms]
    assert list(dict.fromkeys(found)) == ["ref", "new"], "the first one is benchstat's base"


def test_no_name_can_break_a_line_of_the_benchmark_format() -> None:
    hostile = findings()[0].model_copy(update={"filter": "a b\n/arm=x 1 2 ns/req"})
    lines = exports.benchfmt([hostile]).splitlines()

    named = [line for line in lines if line.startswith("Benchmark")]

    assert len(named) == len(exports.benchfmt(findings()[:1]).splitlines()) - 5
    assert all(line.partition(" ")[0].count("/") == 3 for line in named)
    assert all(line.startswith("BenchmarkFilter/filter=a-b--arm=x-1-2-ns-req/") for line in named)


def test_the_table_is_ordered_by_time_and_normalised() -> None:
    rows = list(csv.DictReader(io.StringIO(exports.table(report().history[::-1]))))

    assert [row["time"][:10] for row in rows] == ["2026-11-20", "2026-11-25"]
    assert rows[0]["overhead_ratio"] == "0.3"
    assert rows[1]["commit"] == "4963b32"


@pytest.mark.parametrize(
    ("form", "opening"),
    [("benchfmt", "goos: linux\n"), ("csv", "time,commit,filter"), ("jsonl", '{"time":"2026')],
)
def test_a_report_is_rendered_for_other_tools(
    tmp_path: Path, form: str, opening: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", stored(tmp_path, *findings()), "--to", form]) == 0
    assert capsys.readouterr().out.startswith(opening)


def test_history_gathers_runs_once_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, run = tmp_path / "history.jsonl", stored(tmp_path, *findings()[:2])
    for _ in range(2):
        assert main(["history", str(file), "--add", run]) == 0
    shown = capsys.readouterr().out

    assert len(file.read_text().splitlines()) == 2
    assert re.search(
        r"basic-auth cpp +1\.9\.9 +1\.40\.0 +p25 +2026-11-25T01:00 +4963b32 +3\d\.\d % \[", shown
    )
    assert main(["history", str(file), "--to", "csv", "--filter", "basic-auth rust"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_history_says_that_files_differed_from_a_commit_or_that_none_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = findings()[0].model_copy(update={"commit": "a" * 40 + "-dirty"})
    nowhere = findings()[1].model_copy(update={"commit": ""})
    file = tmp_path / "history.jsonl"
    history.append([changed, nowhere], file)

    assert main(["history", str(file)]) == 0
    first, _, second = capsys.readouterr().out.splitlines()[1:]
    assert " aaaaaaa-dirty " in first
    assert " unknown " in second
    assert json.loads(file.read_text().splitlines()[0])["commit"] == "a" * 40 + "-dirty"


def ran(found: LatencyFinding, day: int, *, envoy: str, release: str = "1.9.9") -> LatencyFinding:
    seen = found.environment.model_copy(update={"envoy": envoy})
    when = {"started": f"2026-11-{day:02}T01:00:00+00:00", "release": release}
    return found.model_copy(update={**when, "environment": seen})


def upgraded() -> list[LatencyFinding]:
    """The same filter on 1.36.4, then on 1.40.0, once more on 1.36.4, and under another release."""
    first = findings()[0]
    return [
        ran(first, 1, envoy="1.36.4"),
        ran(first, 2, envoy="1.40.0"),
        ran(first, 3, envoy="1.36.4", release="1.9.9, envoy 1.36.4"),
        ran(first, 4, envoy="1.40.0", release="1.31"),
    ]


def test_runs_on_another_envoy_or_release_are_another_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history.jsonl"
    history.append(upgraded(), file)

    assert main(["history", str(file)]) == 0
    blocks = capsys.readouterr().out.partition("\n")[2].split("\n\n")
    told = [[line.split()[2:6] for line in block.splitlines()] for block in blocks]
    assert [[(r, e, when[:10]) for r, e, _, when in block] for block in told] == [
        [("1.31", "1.40.0", "2026-11-04")],
        [("1.9.9", "1.36.4", "2026-11-01"), ("1.9.9", "1.36.4", "2026-11-03")],
        [("1.9.9", "1.40.0", "2026-11-02")],
    ]
    points = [json.loads(line) for line in file.read_text().splitlines()]
    assert {(each["release"], each["envoy"]) for each in points} == {
        *(("1.9.9", "1.36.4"), ("1.9.9", "1.40.0"), ("1.31", "1.40.0"))
    }


def test_a_series_can_be_had_alone_for_change_points(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history.jsonl"
    history.append(upgraded(), file)

    asked = ["--release", "1.9.9", "--envoy", "1.36.4"]
    assert main(["history", str(file), "--to", "csv", *asked]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["time"][:10], row["envoy"]) for row in rows] == [
        ("2026-11-01", "1.36.4"),
        ("2026-11-03", "1.36.4"),
    ]


def test_a_page_gets_the_other_envoys_of_its_filters_and_no_other_release(tmp_path: Path) -> None:
    history.append(upgraded(), tmp_path / history.KEPT)

    points, _ = history.continued([ran(findings()[0], 5, envoy="1.40.0")], tmp_path)

    assert {(each.release, each.envoy) for each in points} == {
        *(("1.9.9", "1.36.4"), ("1.9.9", "1.40.0"))
    }


def test_an_upgrade_of_envoy_is_no_change_of_the_filter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after, *_ = upgraded()
    old = stored(tmp_path, before, name="old.json")
    new = stored(tmp_path, after, name="new.json")

    assert main(["compare", old, new]) == 0
    text = capsys.readouterr().out
    assert "cannot say: what became of the filter between Envoy 1.36.4 and 1.40.0" in text
    assert "normalised" not in text
    assert "Hint: pytest suites/latency --proxy=1.36.4,1.40.0" in text


def test_history_without_runs_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", str(tmp_path / "none.jsonl")]) == 0
    assert capsys.readouterr().out == "no runs yet\n"


def test_a_damaged_line_of_history_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text(exports.lines(findings()[:1]) + "half a li\n")

    assert main(["history", str(file)]) == 2
    assert f"{file}, line 2 is no point of history" in capsys.readouterr().err
    points, problem = history.continued(findings()[:1], tmp_path)
    assert (len(points), problem) == (1, "")


def test_a_page_gets_the_latest_runs_of_its_filters_only(tmp_path: Path) -> None:
    kept = tmp_path / history.KEPT
    history.append(findings()[1:2], kept)
    old: tuple[HistoryPoint, ...] = history.append(findings()[:1], kept)
    lines = [
        old[0].model_copy(update={"filter": "basic-auth cpp", "time": f"2026-10-01T{n:04}"})
        for n in range(history.SHOWN + 5)
    ]
    kept.write_text("".join(f"{each.model_dump_json()}\n" for each in lines))

    points, _ = history.continued(findings()[:1], tmp_path)

    assert len(points) == history.SHOWN
    assert {each.filter for each in points} == {"basic-auth cpp"}
    assert points[-1].time.startswith("2026-11-25")


def test_two_runs_are_compared_with_what_they_cannot_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passed, _, worse, *_ = findings()
    seen = worse.environment.model_copy(update={"cpu": "Another CPU"})
    later = worse.model_copy(
        update={
            "filter": passed.filter,
            "environment": seen,
            "modules": {**worse.modules, "new": "d" * 64, "ref": "a" * 64},
        }
    )
    old = stored(tmp_path, passed, findings()[3], name="old.json")
    new = stored(tmp_path, later, name="new.json")

    assert main(["compare", old, new]) == 0
    text = capsys.readouterr().out

    assert "checks: 16 in both runs, 0 with another verdict" in text
    assert "can say: another module (aaaaaaaaaaaa → dddddddddddd), commit 4963b32\n" in text
    assert "compared with the old run's module: regression" in text
    assert "the intervals lie apart" in text
    assert "cannot say: whether the filter got slower or faster" in text
    assert "cannot say: anything that does not depend on CPU Paper CPU @ 2.00GHz → Anoth" in text
    assert "headers cpp on 1.9.9, p25: measured in the old run only" in text
    assert "Hint: pytest suites/latency --reference=" in text


def test_a_run_that_decided_nothing_is_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stored(tmp_path, findings()[4])

    assert main(["compare", path, path]) == 0
    text = capsys.readouterr().out
    assert "cannot say: a run that decided nothing" in text
    assert "can say:" not in text


def test_a_check_whose_verdict_changed_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *rest = SAMPLE.checks
    broken = SAMPLE.model_copy(
        update={"checks": (first.model_copy(update={"verdict": "fail"}), *rest)}
    )
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(SAMPLE.model_dump_json())
    new.write_text(broken.model_dump_json())

    main(["compare", str(old), str(new)])

    assert f"pass → fail: AUTH-1 {first.nodeid}" in capsys.readouterr().out


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "istio-wasm-conformance" / "references"


def with_module(folder: Path, finding: LatencyFinding, content: bytes) -> LatencyFinding:
    module = folder / "built.wasm"
    module.write_bytes(content)
    kept = references.keep(module, folder / "latency")
    assert kept.stem == hashlib.sha256(content).hexdigest()
    return finding.model_copy(update={"modules": {**finding.modules, "new": kept.stem}})


def test_an_accepted_module_is_the_reference_from_then_on(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passed = with_module(tmp_path, findings()[0], b"first")
    better = with_module(tmp_path, findings()[1], b"second")

    assert main(["accept", stored(tmp_path, passed, better)]) == 0
    out = capsys.readouterr().out
    found = references.accepted("basic-auth cpp")

    assert found
    assert found.path.read_bytes() == b"first"
    assert found.path.parent == cache
    assert f"basic-auth cpp: {found.sha256[:12]} {found.path}\n" in out
    assert references.accepted("basic-auth rust")
    assert references.accepted("headers cpp") is None

    again = with_module(tmp_path, findings()[0], b"third")
    assert main(["accept", stored(tmp_path, again), "--filter", "basic-auth cpp"]) == 0
    newer = references.accepted("basic-auth cpp")
    assert newer
    assert newer.path.read_bytes() == b"third"
    assert references.accepted("basic-auth rust")


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_a_module_that_did_not_pass_is_not_accepted_nor_any_with_it(
    number: int, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passed = with_module(tmp_path, findings()[0], b"sound")
    failed = with_module(tmp_path, findings()[number], b"unsound")

    assert main(["accept", stored(tmp_path, passed, failed)]) == 2
    assert f" was {failed.state}: " in capsys.readouterr().err
    assert references.accepted("basic-auth cpp") is None


def test_a_module_other_than_the_measured_one_is_not_accepted(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passed = with_module(tmp_path, findings()[0], b"first")
    (tmp_path / "latency" / f"{passed.modules['new']}.wasm").write_bytes(b"exchanged")

    assert main(["accept", stored(tmp_path, passed)]) == 2
    assert "the module of basic-auth cpp, sha256 " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("damaged", "words"),
    [
        (lambda module: module.write_bytes(b"exchanged"), "is not what it was"),
        (Path.unlink, "is gone"),
        (lambda module: (module.parent / "accepted.json").write_text("{"), "cannot be read"),
        (lambda module: (module.parent / "accepted.json").write_text("[]"), "cannot be read"),
    ],
    ids=["exchanged", "gone", "no JSON", "no index"],
)
def test_a_damaged_reference_is_none_and_says_so_until_another_is_accepted(
    tmp_path: Path, cache: Path, damaged: Callable[[Path], object], words: str
) -> None:
    passed = with_module(tmp_path, findings()[0], b"first")
    references.accept([passed], tmp_path)
    assert references.damage("basic-auth cpp") == ""

    (found,) = cache.glob("*.wasm")
    damaged(found)

    assert references.accepted("basic-auth cpp") is None
    assert words in references.damage("basic-auth cpp")
    references.accept([passed], tmp_path)
    assert references.accepted("basic-auth cpp")
    assert references.damage("basic-auth cpp") == ""


def test_a_filter_of_which_nothing_was_accepted_has_no_damaged_reference(
    tmp_path: Path, cache: Path
) -> None:
    assert references.damage("basic-auth cpp") == "", "no folder"
    references.accept([with_module(tmp_path, findings()[0], b"first")], tmp_path)
    assert references.damage("headers cpp") == ""


def test_a_filter_that_was_not_measured_cannot_be_accepted(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accept", stored(tmp_path, findings()[0]), "--filter", "typo"]) == 2
    assert "typo is not among what the report measured: basic-auth cpp" in capsys.readouterr().err


def test_the_lines_of_history_are_json() -> None:
    (line,) = exports.lines(findings()[:1]).splitlines()

    assert json.loads(line)["figure"] == "p25"
