"""`python -m clusters kind`: a kind cluster with Istio and Bookinfo to work with by hand."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clusters import apply, cache, processes, release
from clusters.commands.refusal import Refused
from clusters.kind import claims, downloads, errors, options
from clusters.kind.calls import CallFailed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from clusters.kind.engine import Engine

    Done = tuple[str, int]
    Run = Callable[[argparse.Namespace], Done]

ERRORS = (
    errors.KindError,
    apply.KubeError,
    cache.CacheUnwritable,
    CallFailed,
    processes.ProcessFailed,
    release.UnknownRelease,
)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and what it can do."""
    parser = commands.add_parser(
        "kind", help="kind clusters with Istio and Bookinfo", description=__doc__
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    action = _action(actions, "up", "make a cluster, or find it again, and leave it there", _up)
    _offer_release(action)
    action.add_argument("--hub", metavar="HOST/PATH", help="where Istio's images come from")
    action.add_argument("--allow-version-skew", action="store_true", help="take any istioctl")
    for name in ("--cluster-name", "--kind-image", "--kind-bin"):
        action.add_argument(name, **options.PYTEST_KIND[name])
    for name, how in options.OWN.items():
        action.add_argument(
            name, **how | {"help": how["help"].removeprefix("with --cluster=kind: ")}
        )
    action = _action(actions, "down", "delete clusters of this project that no run uses", _down)
    action.add_argument("--cluster-name", metavar="NAME", help="only this one")
    action.add_argument("--kind-bin", **options.PYTEST_KIND["--kind-bin"])
    action = _action(actions, "status", "show the clusters of this project", _status)
    action.add_argument("--kind-bin", **options.PYTEST_KIND["--kind-bin"])
    action = _action(actions, "fetch", "download kind and istioctl into the cache", _fetch)
    _offer_release(action)


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, help_: str, run: Run
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=help_, description=help_)

    def in_words(asked: argparse.Namespace) -> Done:
        try:
            return run(asked)
        except ERRORS as error:
            raise Refused(str(error)) from error

    parser.set_defaults(run=in_words)
    return parser


def _offer_release(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--istio",
        default=release.LATEST,
        metavar="RELEASE",
        help="such as 1.31 or 1.24.0 (default: %(default)s)",
    )


def _up(asked: argparse.Namespace) -> Done:
    from clusters.kind import cluster, plan

    given = vars(asked) | {"keep_cluster": True}
    wanted = options.wanted(lambda name: given[name.removeprefix("--").replace("-", "_")])
    with cluster.running(plan.plan(release.find(asked.istio), wanted), _tell) as there:
        return there.how_to_reach(), 0


def _down(asked: argparse.Namespace) -> Done:
    from clusters.kind import lifetime, ownership

    with _clusters(asked.kind_bin) as (kind, there, docker):
        if asked.cluster_name:
            if asked.cluster_name not in there:
                raise Refused(f"there is no cluster {asked.cluster_name}\nHint: kind get clusters")
            with claims.claimed(asked.cluster_name) as claim:
                if not ownership.of_this_project(kind, claim, docker):
                    raise lifetime.foreign(claim.name)
                lifetime.delete(kind, claim)
            return f"{asked.cluster_name} is deleted\n", 0
        lines = [_one_down(kind, name, docker) for name in there]
    return "".join(filter(None, lines)) or "no cluster of this project is there\n", 0


def _one_down(kind: Path, name: str, docker: Engine | None) -> str:
    from clusters.kind import lifetime, ownership

    try:
        with claims.claimed(name) as claim:
            if not ownership.of_this_project(kind, claim, docker):
                return ""
            lifetime.delete(kind, claim)
    except errors.InUse:
        return f"{name} was left alone: a run works with it\n"
    except errors.NotOurs:
        return ""
    return f"{name} is deleted\n"


def _status(asked: argparse.Namespace) -> Done:
    with _clusters(asked.kind_bin) as (kind, there, docker):
        lines = [_one_status(kind, name, docker) for name in there]
    others = lines.count("")
    if others:
        lines.append(f"{others} more that this project did not make\n")
    return "".join(lines) or "no cluster is there\n", 0


def _one_status(kind: Path, name: str, docker: Engine | None) -> str:
    from clusters.kind import bringing_up, ownership

    try:
        with claims.claimed(name) as claim:
            mark = ownership.read_mark(kind, claim)
            if mark is None:
                ours = ownership.whose(kind, claim, docker) is ownership.Whose.OURS
                return f"{name}: never finished\n" if ours else ""
    except errors.InUse:
        return f"{name}: a run works with it\n"
    except errors.NotOurs as error:
        return f"{error}\n"
    made = f"Istio {mark.recipe['istioctl']}, {mark.recipe['bookinfo']}"
    how = "" if mark.ready else ", never finished"
    return (
        f"{name}: {made}{how}\n"
        f"  {bringing_up.url(mark)}/productpage\n"
        f"  export KUBECONFIG={claim.kubeconfig}\n"
    )


@contextmanager
def _clusters(kind_bin: str | None) -> Iterator[tuple[Path, list[str], Engine | None]]:
    from pathlib import Path

    from clusters.kind import engine, lifetime, tools

    tools.check_pytest_kind()
    kind = tools.find_kind(Path(kind_bin) if kind_bin else None).path
    folder = claims.prepare()
    with engine.connected() as docker:  # says better than kind why it does not answer
        yield kind, lifetime.names(kind, folder), docker


def _fetch(asked: argparse.Namespace) -> Done:
    found = release.find(asked.istio)
    wanted = {"kind": downloads.SOURCES["kind"].version, "istioctl": found.version}
    lines = []
    for name, version in wanted.items():
        path, new = downloads.get(downloads.SOURCES[name], version, lambda text: _tell(f"{text}\n"))
        lines.append(f"{name} {version} {'is ready' if new else 'was there'}: {path}\n")
    return "".join(lines), 0


def _tell(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)
