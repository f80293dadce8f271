"""Makes a cluster through pytest-kind, in a process of its own: `python -m clusters.kind.making`.

Of its own, since pytest-kind starts kind without a limit in time, prints where it pleases and
makes a folder where it is started.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pytest_kind import KindCluster

from clusters.kind.errors import NAME_TAKEN


def main(name: str, kubeconfig: str, image: str, kind: str, config: str) -> None:
    """Make a cluster from an image with kind's configuration in a file."""
    written = Path(kubeconfig)
    written.unlink(missing_ok=True)
    cluster = KindCluster(
        name,
        written,
        image=image,
        kind_path=Path(kind),
        # Any path that exists keeps it from downloading a kubectl; none is called.
        kubectl_path=Path(os.devnull),
    )
    try:
        cluster.create(config_file=config)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)  # kind has said why
    except OSError:
        raise
    except Exception:
        if not _reused(written):
            raise
    if _reused(written):
        sys.exit(NAME_TAKEN)


def _reused(kubeconfig: Path) -> bool:
    # pytest-kind touches the file, and goes on with a cluster of that name if one is there. Only
    # a kind that made one has written into it.
    return kubeconfig.exists() and kubeconfig.stat().st_size == 0


if __name__ == "__main__":
    main(*sys.argv[1:])
