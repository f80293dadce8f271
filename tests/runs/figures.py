"""The figures of docs/figures.md, measured anew: `python -m tests.runs.figures [RELEASE]`."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 100


def main() -> None:
    began = time.monotonic()
    from bookinfo.app import Application
    from bookinfo.documents import documents
    from clusters import release
    from clusters.local import envoy
    from clusters.local.cluster import running
    from filters import build, sources
    from filters.publish import FileServer

    asked = release.find(sys.argv[1] if len(sys.argv) > 1 else release.LATEST)
    module = build.build(next(s for s in sources.bundled() if s.contract == "headers"))
    application = Application()
    folder = Path(tempfile.mkdtemp())

    def shows(value):
        return lambda gateway: gateway.send("GET", "/productpage").header("x") == value

    with (
        FileServer() as files,
        running(asked, envoy.find(None), documents(application.port), folder) as cluster,
    ):
        url = files.publish(module)

        def rendered(value):
            configuration = f'{{"replace": {{"x": "{value}"}}}}'
            return cluster.render(url, configuration, name="figures", sha256=module.sha256)

        with cluster.applied(rendered("first"), proof=shows("first")):
            print(f"start to first filtered answer   {time.monotonic() - began:8.2f} s")
        applied, removed = [], []
        # One filter stays, so that each round measures a change and not a module's compilation.
        with cluster.applied(rendered("there"), proof=shows("there")):
            for number in range(ROUNDS):
                text = rendered(f"v{number}")
                with cluster.applied(text, proof=shows(f"v{number}")) as delivery:
                    effective = time.perf_counter()
                applied.append(delivery.seconds)
                removed.append(time.perf_counter() - effective)
    application.close()
    for name, seconds in (("applied and proven", applied), ("taken back and proven", removed)):
        low, _, high = statistics.quantiles(seconds, n=4)
        median = statistics.median(seconds)
        print(
            f"{name:28}{1000 * median:8.1f} ms  "
            f"(quartiles {1000 * low:.1f} and {1000 * high:.1f}, n={ROUNDS})"
        )


if __name__ == "__main__":
    main()
