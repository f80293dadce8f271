import pytest

from reports import html, markdown
from reports.combinations import Combination, applies, combinations, names
from reports.findings import broken
from reports.matrix import tables
from reports.model import Check, Report, Verdict
from reports.terminal import render, verdict_lines
from tests.reports.sample import check, report

OLD, NEW = ("1.9", "1.36.4"), ("1.18", "1.36.4")
NEW_PROXY = ("1.18", "1.40.0")
NOWHERE = ("", "")


def ran(
    rule: str, verdict: Verdict, place: tuple[str, str], *, filter: str = "basic-auth cpp"
) -> Check:
    return check(
        rule, verdict, filter=filter, case="-".join(place), release=place[0], proxy=place[1]
    )


def across() -> Report:
    """AUTH-1 everywhere, AUTH-2 since 1.12 and broken on one proxy, HDR-1 without a gateway."""
    made = report(
        (
            ran("AUTH-1", "pass", OLD),
            ran("AUTH-1", "pass", NEW),
            ran("AUTH-1", "pass", NEW_PROXY),
            ran("AUTH-2", "skipped", OLD),
            ran("AUTH-2", "pass", NEW),
            ran("AUTH-2", "fail", NEW_PROXY),
            ran("AUTH-3", "pass", NEW),
            ran("HDR-1", "pass", NOWHERE, filter="headers cpp"),
        )
    )
    return Report.model_validate(
        made.model_dump()
        | {
            "requirements": [
                each.model_dump() | ({"since": "1.12"} if each.id == "AUTH-2" else {})
                for each in made.requirements
                if each.id in ("AUTH-1", "AUTH-2", "AUTH-3", "HDR-1")
            ]
        }
    )


NAMES = {
    (OLD,): ("",),
    (OLD, NEW): ("istio 1.9", "istio 1.18"),
    (NEW, NEW_PROXY): ("envoy 1.36.4", "envoy 1.40.0"),
    (NEW_PROXY, NEW, OLD): (
        "istio 1.9, envoy 1.36.4",
        "istio 1.18, envoy 1.36.4",
        "istio 1.18, envoy 1.40.0",
    ),
    # Each release on the Envoy of its images: the release tells it all.
    (OLD, NEW_PROXY): ("istio 1.9", "istio 1.18"),
    (NOWHERE, OLD): ("any", ""),
    (NOWHERE, OLD, NEW): ("any", "istio 1.9", "istio 1.18"),
}


@pytest.mark.parametrize("places", NAMES, ids=lambda places: " and ".join(map(" on ".join, places)))
def test_a_name_says_no_more_than_tells_places_apart(places: tuple[tuple[str, str], ...]) -> None:
    found = names(combinations(ran("AUTH-1", "pass", place) for place in places))

    assert tuple(found.values()) == NAMES[places]


def test_releases_are_ordered_as_numbers_and_what_needs_no_gateway_comes_first() -> None:
    found = combinations(ran("AUTH-1", "pass", place) for place in (NEW_PROXY, NEW, OLD, NOWHERE))

    assert found == tuple(Combination(*place) for place in (NOWHERE, OLD, NEW, NEW_PROXY))


APPLIES = {
    ("1.12", None, "1.9"): False,
    ("1.12", None, "1.12"): True,
    ("1.12", None, "1.12.3"): True,
    (None, "1.14", "1.14.6"): True,
    (None, "1.14", "1.15"): False,
    ("1.9", "1.9", "1.10"): False,
    ("1.12", None, ""): True,
    ("1.12", None, "1.9, 1.31"): True,
    ("1.12", None, "1.9, 1.10"): False,
}


@pytest.mark.parametrize(("since", "until", "release"), APPLIES)
def test_a_requirement_holds_from_one_release_to_another(
    since: str | None, until: str | None, release: str
) -> None:
    first = across().requirements[0].model_copy(update={"since": since, "until": until})

    assert applies(first, release) is APPLIES[since, until, release]


def test_each_filter_has_a_table_whose_columns_are_the_places() -> None:
    found = {
        table.title: {
            row.requirement.id: [cell.state for cell in row.cells]
            for band in table.bands
            for row in band.rows
        }
        for table in tables(across())
    }

    assert [(table.title, table.columns) for table in tables(across())] == [
        (
            "basic-auth · basic-auth cpp",
            ("istio 1.9, envoy 1.36.4", "istio 1.18, envoy 1.36.4", "istio 1.18, envoy 1.40.0"),
        ),
        (
            "headers · headers cpp",
            (
                "any",
                "istio 1.9, envoy 1.36.4",
                "istio 1.18, envoy 1.36.4",
                "istio 1.18, envoy 1.40.0",
            ),
        ),
    ]
    assert found == {
        "basic-auth · basic-auth cpp": {
            "AUTH-1": ["pass", "pass", "pass"],
            "AUTH-2": ["outside", "pass", "fail"],
            "AUTH-3": ["not-checked", "pass", "not-checked"],
        },
        "headers · headers cpp": {"HDR-1": ["pass", "elsewhere", "elsewhere", "elsewhere"]},
    }


def test_a_table_leaves_out_what_is_checked_elsewhere_and_a_link_leads_to_the_first() -> None:
    places = (OLD, NEW)
    mixed = report(
        (
            *(ran("HDR-1", "pass", place, filter="headers cpp") for place in places),
            *(ran("HDR-1", "pass", place, filter="headers go") for place in places),
            *(ran("HDR-2", "pass", place, filter="") for place in places),
        )
    )
    found = {
        table.title: [row.requirement.id for band in table.bands for row in band.rows]
        for table in tables(mixed)
        if table.contract == "headers"
    }

    assert found == {
        "headers": ["HDR-2"],
        "headers · headers cpp": ["HDR-1"],
        "headers · headers go": ["HDR-1"],
    }
    assert html.render(mixed).count('id="HDR-1"') == 1


def test_one_requirement_broken_in_several_places_is_one_finding_that_names_them() -> None:
    both = report((ran("AUTH-2", "fail", NEW_PROXY), ran("AUTH-2", "fail", OLD)))

    [finding] = broken(both)

    assert (finding.where, len(finding.checks)) == ("istio 1.9; istio 1.18", 2)


def test_each_place_has_a_line_and_its_own_colour() -> None:
    lines = [(line.text, line.colour) for line in verdict_lines(across())]

    assert lines == [
        ("basic-auth cpp · istio 1.9, envoy 1.36.4 · core 1/1 · 1 skipped", "green"),
        ("basic-auth cpp · istio 1.18, envoy 1.36.4 · core 3/3", "green"),
        ("basic-auth cpp · istio 1.18, envoy 1.40.0 · core 1/2", "red"),
        ("headers cpp · any · core 1/1", "green"),
    ]


def test_the_sentence_counts_over_all_places() -> None:
    text = render(across(), folder="out")[-1].text

    assert text.startswith("FAIL: basic-auth cpp passes 5 of 6 core checks (1 not judged); headers")


def test_every_rendering_names_the_place_of_a_failure() -> None:
    terminal = "\n".join(line.text for line in render(across(), folder="out"))

    assert "FAIL AUTH-2 · core · basic-auth cpp · istio 1.18, envoy 1.40.0" in terminal
    assert "### AUTH-2 · core · basic-auth cpp · istio 1.18, envoy 1.40.0" in markdown.render(
        across()
    )
    page = html.render(across())
    assert "core · basic-auth cpp · istio 1.18, envoy 1.40.0" in page
