import re
from html.parser import HTMLParser

import pytest

from reports import html, markdown
from reports.model import Report
from reports.rows import printable
from reports.terminal import Line, render, verdict_lines
from tests.reports.sample import GOLDEN, HOSTILE, SAMPLE, check, golden_files, report


class Page(HTMLParser):
    """The tags, links and text a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.resources: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            if name in ("src", "srcset", "onclick", "onerror"):
                self.resources.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page() -> Page:
    return Page(html.render(SAMPLE))


@pytest.mark.parametrize("name", ["report.json", "report.txt", "report.md"])
def test_renderings_are_as_committed(name: str) -> None:
    assert golden_files()[name] == (GOLDEN / name).read_text(encoding="utf-8")


def test_a_committed_report_is_still_read() -> None:
    committed = (GOLDEN / "report.json").read_text(encoding="utf-8")

    assert Report.model_validate_json(committed) == SAMPLE


def test_a_passing_run_is_one_line_per_filter_and_a_sentence() -> None:
    passed = report((check("AUTH-1", "pass"), check("HDR-1", "pass", filter="headers cpp")))
    known = tuple(each for each in passed.requirements if each.id in ("AUTH-1", "HDR-1"))
    passed = passed.model_copy(update={"requirements": known, "facts": {}})

    assert render(passed, folder="reports/out") == (
        Line("basic-auth cpp · core 1/1", "green"),
        Line("headers cpp · core 1/1", "green"),
        Line(""),
        Line(
            "PASS: basic-auth cpp passes 1 of 1 core checks; headers cpp passes 1 of 1 core checks",
            "green",
        ),
    )


def test_verdict_lines_are_red_for_failures_and_yellow_for_what_is_not_judged() -> None:
    lines = {
        line.text.partition(" ·")[0]: line.colour
        for line in verdict_lines(
            report(
                (
                    check("AUTH-1", "pass"),
                    check("AUTH-1", "fail", filter="basic-auth rust"),
                    check("AUTH-40", "fail", filter="basic-auth go"),
                    check("AUTH-1", "skipped", filter="basic-auth as"),
                )
            )
        )
    }

    assert lines == {
        "basic-auth cpp": "green",
        "basic-auth rust": "red",
        "basic-auth go": "yellow",
        "basic-auth as": "yellow",
    }


def test_the_page_shows_verdict_matrix_and_evidence(page: Page) -> None:
    text = " ".join(page.text.split())

    assert "fail basic-auth cpp passes 3 of 5 core checks (1 not judged)" in text
    assert page.tags.count("details") == 14
    assert "./evidence/auth_2-GET-cpp" in page.links
    assert "https://www.rfc-editor.org/rfc/rfc7235#section-4.1" in page.links
    assert "curl -i -X GET http://127.0.0.1:8080/productpage" in text
    assert "hardened · not judged in this run" in text
    assert "▽ fails below the judged level" in text
    for rule in SAMPLE.requirements:
        assert f'id="{rule.id}"' in html.render(SAMPLE)


def test_a_message_that_stopped_many_checks_is_shown_once_per_cell() -> None:
    checks = tuple(
        check("AUTH-1", "invalid", case=str(n), message="the gate stayed open") for n in range(20)
    )

    assert Page(html.render(report(checks))).text.count("the gate stayed open") == 2


def test_hostile_text_stays_text_in_the_page(page: Page) -> None:
    assert "script" not in page.tags
    assert page.text.count(HOSTILE.replace("\x1b", r"\x1b")) == 5  # actual and curl twice, claim
    assert not [link for link in page.links if link.lower().startswith("javascript:")]
    assert "./javascript%3Aalert%281%29" in page.links


@pytest.mark.parametrize(
    "field", ["message", "expected", "actual", "curl", "evidence", "filter", "nodeid", "release"]
)
def test_no_field_of_a_check_can_open_a_tag(field: str) -> None:
    plain = Page(html.render(report((check("AUTH-1", "fail", **{field: "x"}),))))
    attack = '"\'></pre></dd></details><img src=x onerror=alert(1)><a href="javascript:x">'
    hostile = Page(html.render(report((check("AUTH-1", "fail", **{field: attack}),))))

    assert hostile.tags == plain.tags
    assert hostile.resources == []


def test_a_source_that_is_no_web_address_is_not_a_link() -> None:
    rules = tuple(
        each.model_copy(update={"source": "javascript:alert(1)"}) for each in SAMPLE.requirements
    )
    page = Page(html.render(SAMPLE.model_copy(update={"requirements": rules})))

    assert "javascript:alert(1)" in page.text
    assert not [link for link in page.links if link.lower().startswith("javascript:")]


def test_the_page_needs_nothing_from_the_network(page: Page) -> None:
    text = html.render(SAMPLE)

    assert page.resources == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not re.search(r"url\(|@import", text)


def test_the_page_stays_small_with_three_hundred_checks() -> None:
    checks = tuple(
        check("AUTH-1", "pass", case=str(n), curl="curl " + "x" * 80) for n in range(300)
    )

    assert len(html.render(report(checks))) < 200_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<script>", r"\<script\>"),
        ("`code` *bold* [x](y)", r"\`code\` \*bold\* \[x\](y)"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_shows_hostile_text_as_it_is(text: str, shown: str) -> None:
    assert markdown.escaped(text) == shown


def test_no_text_can_close_a_fence_in_markdown() -> None:
    assert markdown.fenced("```\nout") == "````\n```\nout\n````"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\x00b\r", r"a\x00b\r"),
        ("\udcff", r"\udcff"),
        ("\u202e", r"\u202e"),
        ("grün\t·\nüber\u00a0✓", "grün\t·\nüber\u00a0✓"),
        (7, 7),
    ],
)
def test_text_of_a_report_can_be_printed_anywhere(text: object, shown: object) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("nodeid", "sentence"),
    [
        ("suites/a.py::test_the_gate_is_shut", "the gate is shut"),
        ("suites/a.py::test_it_holds[GET-/a_b[1]]", "it holds [GET-/a_b[1]]"),
        ("suites/a.py::test_it_holds[a::b]", "it holds [a::b]"),
        ("suites/a.py::TestIt::test_it_holds", "it holds"),
    ],
)
def test_the_name_of_a_check_is_shown_as_its_sentence(nodeid: str, sentence: str) -> None:
    assert html.title(nodeid) == sentence
