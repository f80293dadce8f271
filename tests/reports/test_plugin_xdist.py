import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.reports.conftest import Run

Suite = Callable[..., Path]
PARALLEL = ("-p", "xdist", "-n", "2")


def saved(pytester: pytest.Pytester) -> dict[str, Any]:
    path = pytester.path / "reports" / "out" / "report.json"
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def test_two_workers_find_what_one_process_finds(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite(auth_2=200, auth_9="bare")
    alone = run()
    first = saved(pytester)
    parallel = run(*PARALLEL)
    second = saved(pytester)

    assert (alone.ret, parallel.ret) == (1, 1)
    parallel.stdout.fnmatch_lines(["*= 1 failed, 2 passed, 1 below level in *"])
    for report in (first, second):
        del report["started"], report["seconds"]
        for check in report["checks"]:
            del check["seconds"]
    assert first == second
    assert [each["id"] for each in second["requirements"]][-1] == "HDR-1"


def test_a_selection_on_the_workers_is_known_to_the_report(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite()
    result = run(*PARALLEL, "-k", "credentials")

    assert result.ret == 0
    assert [each["id"] for each in saved(pytester)["requirements"]] == ["AUTH-1", "AUTH-2"]


def test_only_the_controller_asks_for_facts_and_writes(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite()
    pytester.makeconftest(
        """
import os
from pathlib import Path

def pytest_conformance_facts(config):
    Path(config.rootpath, f"asked-{os.getpid()}").touch()
    return {}
"""
    )
    run(*PARALLEL)

    assert len(list(pytester.path.glob("asked-*"))) == 1


def test_an_unknown_requirement_is_a_collection_error_also_on_workers(
    run: Run, suite: Suite
) -> None:
    suite(more='@pytest.mark.requirement("AUTH-22")\ndef test_wrong(): pass\n')
    result = run(*PARALLEL)

    assert result.ret != 0
    result.stdout.fnmatch_lines(["*test_wrong: unknown requirement 'AUTH-22' *"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_an_unknown_rule_stops_before_workers_start(run: Run, suite: Suite) -> None:
    suite()
    result = run(*PARALLEL, "--rule=AUTH-22")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --rule: unknown requirement 'AUTH-22' *"])
    result.stdout.no_fnmatch_line("*workers*")


def test_a_worker_that_dies_makes_the_run_invalid(
    run: Run, suite: Suite, pytester: pytest.Pytester
) -> None:
    suite(
        more="""
@pytest.mark.requirement("AUTH-1")
def test_kills_its_worker():
    import os
    os._exit(1)
"""
    )
    result = run(*PARALLEL)

    assert result.ret == 1
    assert saved(pytester)["verdict"] == "invalid"
    assert (
        "worker crashed in suites/test_auth.py::test_kills_its_worker"
        in (saved(pytester)["incomplete"])
    )
