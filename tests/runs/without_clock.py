"""A pytest plugin: access logs ask for a clock that no Envoy has yet, as an old one lacks today's.

What is measured is then judged by CPU time, in every place where that can be read. Load it with
`-p tests.runs.without_clock`.
"""

from clusters.stopwatch import accesslog

OPERATOR = "LATER_DURATION"


def pytest_configure() -> None:
    """Ask for that clock in every log."""
    accesslog.OPERATOR = OPERATOR
