"""`python -m clusters clean`: removes what killed runs left, on this machine or in a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clusters import apply, waiting
from clusters.commands.refusal import Refused
from clusters.existing import api, contexts, lease, leftovers

if TYPE_CHECKING:
    import argparse

    from clusters.existing.api import Api
    from clusters.existing.leftovers import Found, Run, Thing

ROOT_NAMESPACE = "istio-system"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "clean",
        help="remove what killed runs left",
        description="Remove what runs left when they were killed, and nothing else: kind clusters "
        "on this machine that no run uses and none was to keep; in a cluster that is named, "
        "objects with a run's label that this project made, of runs that are not alive.",
    )
    parser.add_argument(
        "--kube-context", metavar="NAME", help="the cluster; never the current one by default"
    )
    parser.add_argument(
        "--kubeconfig", type=Path, metavar="PATH", help="default: KUBECONFIG, then ~/.kube/config"
    )
    parser.add_argument(
        "--root-namespace",
        default=ROOT_NAMESPACE,
        metavar="NAME",
        help="looked into where the account may not list in all (default: %(default)s)",
    )
    parser.add_argument(
        "--run-namespace",
        default="",
        metavar="NAME",
        help="the same, where runs did not make their own",
    )
    parser.add_argument(
        "--run", dest="run_id", metavar="ID", help="only this one, and even if it has no Lease"
    )
    parser.add_argument("--dry-run", action="store_true", help="tell, and remove nothing")
    parser.set_defaults(run=_run)


def _run(asked: argparse.Namespace) -> tuple[str, int]:
    lines, code = ([], 0) if asked.run_id is not None else _machine(dry=asked.dry_run)
    if asked.kube_context is not None or asked.run_id is not None:
        lines += _cluster(asked)
    elif not lines:
        lines.append("no killed run left anything that is known on this machine")
        lines.append("Hint: --kube-context=NAME looks into a cluster")
    return "".join(f"{line}\n" for line in lines), code


def _machine(*, dry: bool) -> tuple[list[str], int]:
    from clusters.kind import claims, errors
    from clusters.kind.calls import CallFailed

    left = [name for name in claims.names() if _forsaken(name)]
    if dry or not left:
        return [f"the kind cluster {name} of a killed run would be deleted" for name in left], 0
    try:
        return _swept(), 0
    except (errors.KindError, CallFailed) as error:
        names = ", ".join(left)
        return [f"kind clusters of killed runs were left: {names}", *str(error).splitlines()], 1


def _swept() -> list[str]:
    from clusters.kind import claims, engine, finding, lifetime, tools

    tools.check_pytest_kind()
    kind = tools.find_kind(None).path
    lines: list[str] = []
    with engine.connected() as docker:  # says better than kind why it does not answer
        finding.sweep(kind, lifetime.names(kind, claims.root()), docker, lines.append)
    return [line.strip() for line in lines]


def _forsaken(name: str) -> bool:
    from clusters.kind import claims, errors

    try:
        with claims.claimed(name) as claim:
            return claim.kept is False
    except errors.InUse:
        return False


def _cluster(asked: argparse.Namespace) -> list[str]:
    try:
        cluster = api.connect(contexts.find(asked.kube_context, asked.kubeconfig))
        found = leftovers.find(cluster, asked.root_namespace, asked.run_namespace)
        return [*_each(cluster, found, asked.run_id, dry=asked.dry_run), *_unseen(found)]
    except (contexts.BadContext, apply.KubeError, waiting.TimedOut) as error:
        raise Refused(str(error)) from error


def _each(cluster: Api, found: Found, only: str | None, *, dry: bool) -> list[str]:
    if only is not None and only not in found.runs:
        known = ", ".join(found.runs) or "none"
        raise Refused(f"run {only} left nothing at {cluster.url}; runs that did: {known}")
    if not found.runs:
        return [f"nothing at {cluster.url} carries the label of a run"]
    chosen = [found.runs[only]] if only else list(found.runs.values())
    return [line for run in chosen for line in _one(cluster, run, named=bool(only), dry=dry)]


def _one(cluster: Api, run: Run, *, named: bool, dry: bool) -> list[str]:
    holder = next(filter(None, (lease.alive(cluster, each) for each in run.leases)), "")
    if holder and named:
        raise Refused(f"run {run.id} is alive, and was left alone: {holder}")
    if holder:
        return [f"run {run.id} is alive, and was left alone: {holder}"]
    ours = [thing for thing in run.things if thing.mine]
    lines = _listed(
        f"run {run.id}: labelled so, but not made by this project, and left alone",
        [thing for thing in run.things if not thing.mine],
    )
    if not ours:
        return lines
    if not run.leases and not named:
        told = f"run {run.id} was left alone: it has no Lease, so nobody can tell whether it lives"
        return [*_listed(told, ours), f"  Hint: --run={run.id}", *lines]
    if not dry:
        leftovers.remove(cluster, ours)
    verb = "would be removed" if dry else "removed"
    return [*_listed(f"run {run.id} is over; {verb}", ours), *lines]


def _listed(title: str, things: list[Thing]) -> list[str]:
    return [f"{title}:", *(f"  {thing}" for thing in things)] if things else []


def _unseen(found: Found) -> list[str]:
    if not found.unseen:
        return []
    return [f"not looked at, since this account may not list them: {', '.join(found.unseen)}"]
