from reports.findings import below_level, broken, not_checked, troubles
from reports.matrix import Cell, tables
from reports.model import Level, Verdict
from tests.reports.sample import SAMPLE, check, report


def cells(level: Level = "core") -> dict[tuple[str, str], Cell]:
    sample = SAMPLE.model_copy(update={"level": level})
    return {
        (row.requirement.id, cell.column): cell
        for table in tables(sample)
        for band in table.bands
        for row in band.rows
        for cell in row.cells
    }


def test_contracts_are_tables_and_levels_are_bands() -> None:
    found = [
        (table.contract, table.columns, [(band.level, band.judged) for band in table.bands])
        for table in tables(SAMPLE)
    ]

    assert found == [
        (
            "basic-auth",
            ("basic-auth cpp", "basic-auth rust"),
            [("core", True), ("hardened", False), ("compat", False)],
        ),
        ("headers", ("headers cpp",), [("core", True)]),
        ("delivery", ("delivery",), [("core", True)]),
    ]


def test_every_state_of_a_cell_comes_from_its_checks() -> None:
    states = {key: cell.state for key, cell in cells().items()}

    assert states == {
        ("AUTH-1", "basic-auth cpp"): "pass",
        ("AUTH-1", "basic-auth rust"): "pass",
        ("AUTH-2", "basic-auth cpp"): "fail",
        ("AUTH-2", "basic-auth rust"): "pass",
        ("AUTH-3", "basic-auth cpp"): "pass",
        ("AUTH-3", "basic-auth rust"): "fail",
        ("AUTH-4", "basic-auth cpp"): "invalid",
        ("AUTH-4", "basic-auth rust"): "pass",
        ("AUTH-20", "basic-auth cpp"): "pass",
        ("AUTH-20", "basic-auth rust"): "skipped",
        ("AUTH-21", "basic-auth cpp"): "inconclusive",
        ("AUTH-21", "basic-auth rust"): "not-checked",
        ("AUTH-40", "basic-auth cpp"): "below",
        ("AUTH-40", "basic-auth rust"): "not-checked",
        ("HDR-1", "headers cpp"): "pass",
        ("HDR-2", "headers cpp"): "not-checked",
        ("DLV-1", "delivery"): "pass",
    }


def test_a_failure_is_red_once_its_level_is_judged() -> None:
    assert cells("compat")["AUTH-40", "basic-auth cpp"].state == "fail"


def test_the_worst_check_decides_a_cell_and_a_skip_never_hides_a_pass() -> None:
    def state(*verdicts: Verdict) -> str:
        checks = tuple(check("AUTH-1", each, case=str(n)) for n, each in enumerate(verdicts))
        return tables(report(checks))[0].bands[0].rows[0].cells[0].state

    assert state("pass", "fail", "invalid") == "fail"
    assert state("pass", "invalid") == "invalid"
    assert state("pass", "inconclusive") == "inconclusive"
    assert state("pass", "skipped") == "pass"
    assert state("skipped") == "skipped"


def test_a_cell_counts_what_was_decided() -> None:
    found = cells()

    assert found["AUTH-1", "basic-auth cpp"].count == "2/2"
    assert found["AUTH-2", "basic-auth cpp"].count == "0/2"
    assert found["AUTH-20", "basic-auth rust"].count == ""


def test_a_check_without_a_filter_leaves_no_holes_in_the_columns_of_filters() -> None:
    mixed = report((check("AUTH-1", "pass"), check("AUTH-2", "pass", filter="")))
    first, second, third = tables(mixed)[0].bands[0].rows[:3]

    assert [cell.column for cell in first.cells] == ["basic-auth", "basic-auth cpp"]
    assert [cell.state for cell in first.cells] == ["elsewhere", "pass"]
    assert [cell.state for cell in second.cells] == ["pass", "elsewhere"]
    assert [cell.state for cell in third.cells] == ["not-checked", "not-checked"]


def test_failures_are_grouped_by_requirement_and_filter() -> None:
    found = [(each.requirement.id, each.subject, len(each.checks)) for each in broken(SAMPLE)]

    assert found == [("AUTH-2", "basic-auth cpp", 2), ("AUTH-3", "basic-auth rust", 1)]
    assert [each.requirement.id for each in below_level(SAMPLE)] == ["AUTH-40"]
    assert [each.id for each in not_checked(SAMPLE)] == ["HDR-2"]


def test_failures_follow_the_order_of_the_catalogue() -> None:
    found = broken(report((check("AUTH-3", "fail"), check("AUTH-1", "fail"))))

    assert [each.requirement.id for each in found] == ["AUTH-1", "AUTH-3"]


def test_errors_are_grouped_by_cause() -> None:
    refused, trapped = "Envoy refused version 3", "the module trapped"
    found = troubles(
        report(
            (
                check("AUTH-1", "invalid", message=refused),
                check("AUTH-2", "invalid", message=refused),
                check("AUTH-2", "invalid", message=refused, case="POST"),
                check("AUTH-20", "invalid", message=trapped),
                check("AUTH-1", "invalid", message=refused, filter="basic-auth rust"),
            )
        )
    )

    assert [(each.subject, each.message, each.requirements) for each in found] == [
        ("basic-auth cpp", refused, ("AUTH-1", "AUTH-2")),
        ("basic-auth cpp", trapped, ("AUTH-20",)),
        ("basic-auth rust", refused, ("AUTH-1",)),
    ]
    assert len(found[0].checks) == 3
