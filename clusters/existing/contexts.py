"""Which cluster is meant: a context of a kubeconfig file, by its name and never by default."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from clusters.apply import BadKubeconfig


class BadContext(ValueError):
    """No context was named, or there is none of that name."""


@dataclass(frozen=True, slots=True)
class Context:
    """A context by its name, and the kubeconfig file (or several, as in KUBECONFIG) it is in."""

    kubeconfig: Path
    name: str


def find(name: str | None, kubeconfig: Path | None = None) -> Context:
    """Return the context of that name, from the file given, else KUBECONFIG, else ~/.kube/config.

    Files are read and nothing more. Raises BadContext or apply.BadKubeconfig.
    """
    path = kubeconfig or Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube/config")
    files = [Path(part) for part in str(path).split(os.pathsep) if part]
    known = dict.fromkeys(each for file in files for each in _contexts(file, files))
    if name in known:
        return Context(path, name)
    have = f"{path} has {', '.join(known)}" if known else f"{path} has no contexts"
    if name is None:
        raise BadContext(
            "no context was named, and none is taken by itself, not even the current one\n"
            f"last seen: {have}\n"
            f"Hint: --kube-context={next(iter(known), 'NAME')}"
        )
    raise BadContext(
        f"there is no context {name!r}: {have}\n"
        f"Hint: kubectl --kubeconfig={path} config get-contexts"
    )


def _contexts(file: Path, files: list[Path]) -> list[str]:
    try:
        text = file.read_text()
    except OSError as error:
        # As kubectl does: of several files some may be missing.
        if len(files) > 1 and isinstance(error, FileNotFoundError):
            return []
        raise BadKubeconfig(
            f"the kubeconfig file {file} cannot be read: {error.strerror}\n"
            "Hint: --kubeconfig=PATH names another one"
        ) from error
    except UnicodeDecodeError as error:
        raise _unusable(file, "it is no text") from error
    try:
        found: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _unusable(file, " ".join(str(error).split())) from error
    if found is None:
        return []
    contexts = found.get("contexts") or [] if isinstance(found, dict) else None
    if not isinstance(contexts, list) or not all(isinstance(one, dict) for one in contexts):
        raise _unusable(file, "it has no list of contexts")
    return [str(one.get("name")) for one in contexts]


def _unusable(file: Path, why: str) -> BadKubeconfig:
    return BadKubeconfig(
        f"the kubeconfig file {file} cannot be used: {why}\n"
        f"Hint: kubectl --kubeconfig={file} config view"
    )
