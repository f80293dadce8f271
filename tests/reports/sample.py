"""One report with every state in it and hostile text.

``PYTHONPATH=. python tests/reports/sample.py`` writes the golden files anew; read their diff.
"""

from datetime import UTC, datetime
from pathlib import Path

from reports import markdown, terminal
from reports.model import Check, Level, Report, Requirement, Verdict
from reports.verdict import overall, summarise

HOSTILE = '<script>alert("x")</script> | `a` ``` \x1b[31m'


def requirement(
    name: str, level: Level, sentence: str, contract: str = "basic-auth"
) -> Requirement:
    return Requirement(
        id=name,
        sentence=sentence,
        level=level,
        contract=contract,
        source="https://www.rfc-editor.org/rfc/rfc7235#section-4.1",
    )


REQUIREMENTS = (
    requirement("AUTH-1", "core", "Right credentials reach the backend unchanged."),
    requirement("AUTH-2", "core", "A request without credentials is answered 401."),
    requirement("AUTH-3", "core", "The challenge appears exactly once and can be parsed."),
    requirement("AUTH-4", "core", "A route that no rule names stays open."),
    requirement("AUTH-20", "hardened", "An empty prefix is refused rather than left open."),
    requirement("AUTH-21", "hardened", "Credentials are compared in constant time."),
    requirement("AUTH-40", "compat", "The realm is written without quotes, as upstream does."),
    requirement("HDR-1", "core", "The configured header is on every answer.", "headers"),
    requirement("HDR-2", "core", "Local replies carry the header, too.", "headers"),
    requirement("DLV-1", "core", "The published example takes effect as printed.", "delivery"),
)
LEVELS = {each.id: each.level for each in REQUIREMENTS}


def check(
    rule: str, verdict: Verdict, *, filter: str = "basic-auth cpp", case: str = "GET", **rest: str
) -> Check:
    return Check.model_validate(
        {
            "nodeid": f"suites/test_{rule.partition('-')[0].lower()}.py"
            f"::test_{rule.replace('-', '_').lower()}_holds[{case}-{filter.rpartition(' ')[2]}]",
            "requirements": (rule,),
            "level": LEVELS[rule],
            "filter": filter,
            "release": "1.9.9",
            "verdict": verdict,
            "seconds": 0.012,
            **rest,
        }
    )


def report(checks: tuple[Check, ...], *, level: Level = "core", incomplete: str = "") -> Report:
    return Report(
        tool_version="0.1.0",
        started=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        seconds=8.25,
        facts={
            "istio": "1.9.9",
            "semantics": "embedded",
            "envoy": "1.40.0",
            "place": "local",
            "python": "3.11.7",
        },
        level=level,
        verdict=overall(checks, level, incomplete),
        incomplete=incomplete,
        filters=tuple(sorted({each.filter for each in checks if each.filter})),
        requirements=REQUIREMENTS,
        checks=checks,
        summaries=summarise(checks, {each.id: each for each in REQUIREMENTS}),
    )


CLAIM = "A filter is loaded into the running proxy."
CURL = "curl -i -X GET http://127.0.0.1:8080/productpage"
SAMPLE = report(
    (
        check("AUTH-1", "pass", curl=CURL),
        check("AUTH-1", "pass", case="POST", curl=CURL, claim=CLAIM, measured="pid 7 as before"),
        check("AUTH-1", "pass", filter="basic-auth rust", curl=CURL),
        check(
            "AUTH-2",
            "fail",
            message="AssertionError: assert 200 == 401\n +  where 200 = <Reply 200>.status",
            expected="401",
            actual="200",
            curl=CURL,
            evidence="evidence/auth_2-GET-cpp",
        ),
        check("AUTH-2", "fail", case="POST", expected="401", actual="200", curl=CURL),
        check("AUTH-2", "pass", filter="basic-auth rust"),
        check(
            "AUTH-3",
            "fail",
            filter="basic-auth rust",
            message=HOSTILE,
            expected='Basic realm="test"',
            actual=HOSTILE,
            curl=f"curl -H '{HOSTILE}' http://127.0.0.1:8080/",
            evidence="javascript:alert(1)",
            claim=CLAIM,
            measured=HOSTILE,
        ),
        check("AUTH-3", "pass"),
        check("AUTH-4", "invalid", message='Envoy refused version 3: "Invalid path"'),
        check("AUTH-4", "pass", filter="basic-auth rust"),
        check("AUTH-20", "pass"),
        check(
            "AUTH-20",
            "skipped",
            filter="basic-auth rust",
            message="cargo not on PATH",
            claim="A filter costs memory.",
        ),
        check("AUTH-21", "inconclusive", message="the interval is wider than the limit"),
        check("AUTH-40", "fail", expected="Basic realm=test", actual='Basic realm="test"'),
        check("HDR-1", "pass", filter="headers cpp"),
        check("DLV-1", "pass", filter="", curl=CURL),
    ),
    incomplete="1 check ended in an error",
)

GOLDEN = Path(__file__).parent / "golden"


def golden_files() -> dict[str, str]:
    shown = terminal.render(SAMPLE, folder="reports/out")
    return {
        "report.json": SAMPLE.model_dump_json(indent=2) + "\n",
        "report.txt": "".join(f"{line.text}\n" for line in shown),
        "report.md": markdown.render(SAMPLE),
    }


if __name__ == "__main__":
    for name, text in golden_files().items():
        (GOLDEN / name).write_text(text, encoding="utf-8")
