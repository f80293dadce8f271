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


def main(name: str, kubeconfig: str, image: str, kind: str, config: str) -> None:
    """Make a cluster from an image with kind's configuration in a file."""
    cluster = KindCluster(
        name,
        Path(kubeconfig),
        image=image,
        kind_path=Path(kind),
        # Any path that exists keeps it from downloading a kubectl; none is called.
        kubectl_path=Path(os.devnull),
    )
    try:
        cluster.create(config_file=config)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)  # kind has said why


if __name__ == "__main__":
    main(*sys.argv[1:])
