"""What the framework itself costs, beside curl: `pytest tests/runs/against_curl.py --cluster=kind`.

The same request is sent as often by checks of one request each, with all that a check is given
(fixtures, hooks, the reply, its transcript), and by curl in a loop of /bin/sh, a process for each.
Both open a new connection for each request, as the suites must. Blocks of both take turns, and each
block of checks is held against the mean of the two loops around it, so that what the machine does
meanwhile meets both. The third column is what a bare `gateway.send` takes.

No part of any other run: the name of this file is not a test's.
"""

import itertools
import statistics
import subprocess
import time

import pytest

BLOCKS, REQUESTS = 12, 50
PATH = "/productpage"
#: May cost so many times what curl in a loop does.
MOST = 1.05
LOOP = """
count=0
while [ "$count" -lt "$1" ]; do
  curl --silent --show-error --fail --output /dev/null "$2" || exit 1
  count=$((count + 1))
done
"""

checks: list[float] = []
loops: list[float] = []
sends: list[float] = []


@pytest.fixture(scope="session")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("curl") / "loop.sh"
    path.write_text(LOOP)
    return path


def loop(script, gateway):
    began = time.perf_counter()
    subprocess.run(["/bin/sh", script, str(REQUESTS), gateway.url + PATH], check=True)
    loops.append(time.perf_counter() - began)


def pytest_generate_tests(metafunc):
    """Order the checks: a loop of curl, then blocks of checks, each followed by another loop."""
    if "turn" in metafunc.fixturenames:
        turns = [
            f"{block}-{what}"
            for block in range(BLOCKS)
            for what in ("begin", *range(REQUESTS), "curl")
        ]
        metafunc.parametrize("turn", turns)


def test_turns(turn, gateway, script):
    what = turn.partition("-")[2]
    if what == "begin":
        if not loops:
            loop(script, gateway)
        began = time.perf_counter()
        for _ in range(REQUESTS):
            assert gateway.send("GET", PATH).status == 200
        sends.append(time.perf_counter() - began)
        # From the end of this check: the next ones are set up, called and taken down as any.
        checks.append(-time.perf_counter())
    elif what == "curl":
        checks[-1] += time.perf_counter()
        loop(script, gateway)
    else:
        assert gateway.send("GET", PATH).status == 200


def test_the_framework_costs_no_more_than_curl_in_a_loop(gateway, capsys, record_property):
    around = [(before + after) / 2 for before, after in itertools.pairwise(loops)]
    ratios = [check / curl for check, curl in zip(checks, around, strict=True)]
    bare = [send / curl for send, curl in zip(sends, around, strict=True)]

    def each(seconds):
        return f"{statistics.median(seconds) / REQUESTS * 1000:.2f} ms"

    def spread(values):
        low, _, high = statistics.quantiles(values, n=4)
        return f"{statistics.median(values):.2f} (quartiles {low:.2f} and {high:.2f})"

    told = (
        f"{BLOCKS} blocks of {REQUESTS} requests to {gateway.url}: a check {each(checks)}, curl "
        f"{each(loops)}, gateway.send {each(sends)}; checks {spread(ratios)} × curl, gateway.send "
        f"{spread(bare)} × curl"
    )
    record_property("measured", told)
    with capsys.disabled():
        print(f"\n{told}")

    assert statistics.median(ratios) <= MOST, told
