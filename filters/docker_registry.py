"""A real registry for tests: the process `docker-registry`, on loopback, gone with the run."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from filters import images, registry, tether
from filters.module import Module

#: The name in Debian, and the name that the Go module gives it.
NAMES = ("docker-registry", "registry")
INSTALL = "bash .ci/toolchains-registry"
SECONDS = 20.0
CONFIGURATION = {
    "version": 0.1,
    "log": {"accesslog": {"disabled": True}},
    "storage": {"inmemory": {}},
    "http": {"addr": "127.0.0.1:0", "secret": "of no use beyond this process"},
}
_LISTENING = re.compile(r"listening on ((?:\d+\.){3}\d+:\d+)")


class RegistryMissing(RuntimeError):
    """No registry is installed; the text says how to get one."""


class RegistryFailed(RuntimeError):
    """The process ended, or did not say where it listens."""


def find() -> Path:
    """Return the registry's executable; raises RegistryMissing."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise RegistryMissing(
        f"no image registry to test against: neither {' nor '.join(NAMES)} is on PATH\n"
        f"Hint: {INSTALL}"
    )


@dataclass(slots=True)
class _Output:
    """What the process prints, read as it comes: the address it names, and the last lines."""

    address: str = ""
    said: threading.Event = field(default_factory=threading.Event)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=10))

    def follow(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.tail.append(line.decode(errors="replace").rstrip())
                if found := _LISTENING.search(self.tail[-1]):
                    self.address = found[1]
                    self.said.set()
        self.said.set()


@dataclass(slots=True)
class DockerRegistry:
    """A registry that runs while the block does, at `host`; `folder` takes its configuration."""

    folder: Path
    host: str = ""
    _process: "subprocess.Popen[bytes] | None" = None

    def __enter__(self) -> Self:
        """Start it; raises RegistryMissing or RegistryFailed."""
        binary, configuration = find(), self.folder / "registry.yml"
        configuration.write_text(json.dumps(CONFIGURATION))
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", tether.__file__, str(os.getpid())),
                *(str(binary), "serve", str(configuration)),
            ],
            # Or a registry of version 3 reports traces to whoever listens on 4318.
            env=os.environ | {"OTEL_TRACES_EXPORTER": "none"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        output = _Output()
        reader = threading.Thread(
            target=output.follow, args=(self._process.stdout,), name="docker-registry", daemon=True
        )
        reader.start()
        output.said.wait(SECONDS)
        if not output.address:
            self.__exit__()
            raise RegistryFailed(
                f"{binary} did not say within {SECONDS:g} s where it listens\n"
                "last seen: " + ("\n".join(output.tail) or "(it printed nothing)") + "\n"
                f"Hint: {binary} serve {configuration}"
            )
        self.host = output.address
        return self

    def __exit__(self, *_: object) -> None:
        """End it and everything it started."""
        if self._process is None:
            return
        # The registry ends at once, and the tether has time to collect it.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait()
        self._process = None

    def publish(self, module: Module, *, layout: str = "compat", tag: str = "1") -> str:
        """Push a module and return its `oci://` URL; each layout has a repository of its own."""
        to = registry.Target(self.host, f"conformance/{module.name}/{layout}", tag)
        return f"oci://{registry.push(images.build(module.read(), layout), to).reference}"
