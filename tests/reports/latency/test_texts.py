"""How latency reads in a terminal, in Markdown and on the page."""

import re

import pytest

from reports import html, markdown, terminal
from reports.latency.assembly import point
from reports.latency.charts import charts
from reports.latency.charts.drawing import Dot, Label, Line, Path, Scale, decades, ticks
from reports.latency.finding import LatencyFinding
from reports.latency.text import counts, degraded, environment, scope, told
from reports.latency.wording import percent, time
from tests.reports.latency.sample import findings, found, history, report
from tests.reports.latency.synthetic import measured
from tests.reports.sample import HOSTILE, check
from tests.reports.sample import report as conformance
from tests.reports.test_renderings import Page


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(html.render(report()))


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0 ns"), (324.4, "324 ns"), (1837, "1.84 µs"), (2.5e6, "2.50 ms"), (-12, "-12 ns")],
)
def test_times_are_written_in_a_unit_that_fits(ns: float, text: str) -> None:
    assert time(ns) == text


@pytest.mark.parametrize(("share", "text"), [(0.052, "+5.2 %"), (-0.03, "-3.0 %"), (12, "+1200 %")])
def test_shares_are_written_with_their_sign(share: float, text: str) -> None:
    assert percent(share) == text


def test_the_sentence_says_what_a_filter_adds_and_to_what() -> None:
    with_native, alone = findings()[0].sentence, findings()[3].sentence

    assert re.fullmatch(
        r"basic-auth cpp adds 1\.\d\d µs \[1\.\d\d, 1\.\d\d\] per request at p25"
        r" \(3\.\d × native, no-filter 3\.\d\d µs\)",
        with_native,
    )
    assert re.fullmatch(r"headers cpp adds .* at p25 \(no-filter \d\.\d\d µs\)", alone)


def test_what_noise_left_undecided_is_counted_apart() -> None:
    assert counts(findings()) == (
        "latency: 1 pass · 1 improvement · 1 regression · 1 over-budget,"
        " apart: 1 inconclusive · 1 invalid"
    )
    assert counts(findings()[4:5]) == "latency: nothing decided, apart: 1 inconclusive"


def test_every_figure_stands_beside_its_environment() -> None:
    for each in findings():
        lines = tuple(told(each))
        assert lines[-2:] == (scope(each), environment(each))
    assert environment(findings()[0]) == (
        "istio 1.9.9 · commit 4963b32 · Paper CPU @ 2.00GHz × 2 · load 0.5 · steal 1.0 %"
        " · others 12 % of the CPU · kernel 6.1.0 · Envoy 1.40.0"
    )
    assert scope(findings()[0]).startswith("4 sessions × 3 machines, 28 800 requests, 95 %")


@pytest.mark.parametrize(
    ("commit", "text"),
    [("4963b32" + "0" * 33, "4963b32"), ("4963b32" + "0" * 33 + "-dirty", "4963b32-dirty")],
)
def test_a_commit_is_short_and_still_says_that_files_differ(commit: str, text: str) -> None:
    each = findings()[0].model_copy(update={"commit": commit})
    history_chart = next(
        c for c in charts(each, (*history()[:1], point(each))) if c.title == "History"
    )

    assert f" · commit {text} · " in environment(each)
    assert [m.text for m in history_chart.marks if isinstance(m, Label)][-1].endswith(f" {text}")


def test_a_commit_that_is_not_known_is_no_part_of_the_environment() -> None:
    why = {"commit": "unknown (git is not installed)"}
    each = findings()[0].model_copy(update={"commit": "", "facts": why})

    assert environment(each).endswith(" · commit unknown (git is not installed)")
    assert environment(each).count("commit") == 1


def test_a_degraded_clock_is_said_with_what_it_cannot_see() -> None:
    blind = findings()[0].model_copy(
        update={"clock": "cpu", "gate": "cpu", "degraded": "this Envoy has no COMMON_DURATION"}
    )

    assert degraded(blind) == (
        "CPU time only (this Envoy has no COMMON_DURATION): a change below 15 % is not seen"
    )
    assert degraded(findings()[0]) == ""


def test_the_terminal_shows_states_in_their_colours() -> None:
    lines = terminal.render(report(), folder="out")
    colours = {line.text.split()[0]: line.colour for line in lines if " adds " in line.text}

    assert colours == {
        "pass": "green",
        "improvement": "green",
        "regression": "red",
        "over-budget": "red",
        "inconclusive": "yellow",
        "invalid": "yellow",
    }


def test_a_measurement_that_noise_spoilt_is_no_trouble_of_the_run() -> None:
    spoilt = check("AUTH-1", "invalid", message="copies differ")
    finding = findings()[5].model_copy(update={"check": spoilt.nodeid})
    told_apart = conformance((spoilt,)).model_copy(update={"latency": (finding,)})

    for text in (
        "\n".join(line.text for line in terminal.render(told_apart, folder="out")),
        markdown.render(told_apart),
    ):
        assert "gave no valid result" not in text
        assert "1 invalid" in text
    assert "gave no valid result" in markdown.render(conformance((spoilt,)))


def test_markdown_has_a_row_per_filter_and_the_rest_folded_away() -> None:
    text = markdown.render(report())
    rows = [line for line in text.splitlines() if " per request at p25 |" in line]

    assert [row.split(" | ")[2] for row in rows] == [each.state for each in findings()]
    assert text.count("<details>") == text.count("</details>") == len(findings())
    section = text[text.index("## Latency") : text.index("## Requirements")]
    assert "<script>" not in section


def test_the_page_draws_what_was_measured(page: Page) -> None:
    titles = {chart.title for chart in charts(findings()[0], history())}

    assert titles == {
        "What each adds",
        "Against the reference",
        "Distribution",
        "Where the time goes",
        "History",
        "Memory against workers",
    }
    pictures = sum(len(charts(each, history())) for each in findings())
    assert page.tags.count("figure") == pictures
    assert page.tags.count("polyline") > 10
    for each in findings():
        assert environment(each) in page.text


def test_runs_on_two_envoys_are_not_joined_and_the_upgrade_is_marked() -> None:
    first = point(findings()[0])
    runs = [
        first.model_copy(update={"envoy": envoy, "time": f"2026-11-{day:02}T01:00:00+00:00"})
        for day, envoy in enumerate(("1.36.4", "1.36.4", "1.40.0", "1.40.0", "1.40.0"), 1)
    ]
    elsewhere = first.model_copy(update={"release": "1.31"})
    chart = next(c for c in charts(findings()[0], (*runs, elsewhere)) if c.title == "History")
    lines = [mark.points.split() for mark in chart.marks if isinstance(mark, Path)]
    upgrades = [mark for mark in chart.marks if isinstance(mark, Line) and mark.kind == "limit"]
    words = [mark.text for mark in chart.marks if isinstance(mark, Label)]

    assert [len(each) for each in lines] == [2, 3]
    assert len(upgrades) == 1
    assert float(lines[0][-1].split(",")[0]) < upgrades[0].x1 < float(lines[1][0].split(",")[0])
    assert {"Envoy 1.36.4", "Envoy 1.40.0"} <= set(words)
    assert "another Envoy" in chart.caption


def test_one_envoy_needs_no_word_of_another() -> None:
    chart = next(c for c in charts(findings()[0], history()) if c.title == "History")

    assert "Envoy" not in chart.caption
    assert not [mark for mark in chart.marks if isinstance(mark, Line) and mark.kind == "limit"]


def test_nothing_is_drawn_without_data() -> None:
    alone = findings()[3]
    titles = [chart.title for chart in charts(alone, ())]

    assert "Copies of one module" in titles
    assert not {"History", "Memory against workers", "Against the reference"} & set(titles)


def test_the_strip_has_a_point_per_session_at_its_value() -> None:
    each = findings()[2]
    strip = next(c for c in charts(each, ()) if c.title == "Against the reference")
    points = [m for m in strip.marks if isinstance(m, Dot) and m.kind == "session"]
    limits = [m for m in strip.marks if isinstance(m, Line) and m.kind == "limit"]

    assert len(points) == each.sessions
    assert len(limits) == 2
    # A regression of a quarter lies far beyond three percent.
    assert min(mark.x for mark in points) > max(mark.x1 for mark in limits)


def test_all_marks_lie_inside_their_picture() -> None:
    for each in findings():
        for chart in charts(each, history()):
            for mark in chart.marks:
                xs = [getattr(mark, name) for name in ("x", "x1", "x2") if hasattr(mark, name)]
                ys = [getattr(mark, name) for name in ("y", "y1", "y2") if hasattr(mark, name)]
                assert all(0 <= x <= chart.width for x in xs), (chart.title, mark)
                assert all(0 <= y <= chart.height for y in ys), (chart.title, mark)


def test_the_page_escapes_what_it_shows_and_loads_nothing(page: Page) -> None:
    assert "script" not in page.tags
    assert page.resources == []
    assert not re.search(r"url\(|@import|xmlns", html.render(report()))
    assert HOSTILE.replace("\x1b", r"\x1b") in page.text


@pytest.mark.parametrize("field", ["filter", "release", "commit", "sentence", "degraded", "raw"])
def test_no_text_of_a_finding_can_open_a_tag(field: str) -> None:
    attack = "\"'></title></text></svg><img src=x onerror=alert(1)>"

    def drawn(finding: LatencyFinding) -> Page:
        return Page(html.render(report().model_copy(update={"latency": (finding,)})))

    plain = drawn(findings()[0].model_copy(update={field: "x"}))
    hostile = drawn(findings()[0].model_copy(update={field: attack}))

    assert hostile.tags == plain.tags
    assert hostile.resources == []


def test_a_report_without_latency_has_no_such_section() -> None:
    without = conformance((check("AUTH-1", "pass"),))

    assert "Latency" not in html.render(without)
    assert "Latency" not in markdown.render(without)
    assert not [line for line in terminal.render(without, folder="o") if "latency" in line.text]


def test_the_page_of_many_sessions_stays_small() -> None:
    long = found(1, blocks=measured(1, sessions=12, rounds=4).blocks, log_lines=None)

    assert len(html.render(report().model_copy(update={"latency": (long,) * 8}))) < 500_000


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0, 1000, (0, 250, 500, 750, 1000)),
        (-0.04, 0.04, (-0.04, -0.02, 0, 0.02, 0.04)),
        (3, 3, (3,)),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, found: tuple[float, ...]) -> None:
    assert ticks(low, high) == pytest.approx(found)


def test_a_scale_of_decades_gives_each_the_same_room() -> None:
    scale = Scale(10, 1000, 0, 200, log=True)

    assert [scale(value) for value in (10, 100, 1000, 5, 5000)] == [0, 100, 200, 0, 200]
    assert decades(10, 1000) == (10, 20, 50, 100, 200, 500, 1000)
