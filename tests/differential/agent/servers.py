"""The servers that cases share, and those that a case has for itself."""

from __future__ import annotations

import ssl
import subprocess
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from filters.image_registry import ImageRegistry
from filters.loopback import listen
from filters.publish import FileServer, _Resource
from filters.publish import _Files as _Handler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOGETHER_SECONDS, HANGING_SECONDS = 10.0, 30.0
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


class BadFileServer(FileServer):
    """A file server that can be worse than others.

    Addresses in `together` wait for one another, two at a time; those in `hanging` stop where the
    body is cut and stay connected; those in `silent` close the connection instead of answering.
    """

    def __init__(self) -> None:
        super().__init__()
        self.together: set[str] = set()
        self.hanging: set[str] = set()
        self.silent: set[str] = set()
        self._pairs: dict[str, threading.Barrier] = {}

    def __enter__(self) -> Self:
        self._listening = listen(_BadFiles, self, name="file-server")
        return self

    def _asked(self, path: str) -> tuple[_Resource | None, int]:
        resource, status = super()._asked(path)
        try:
            if self.base + path in self.together:
                self._pair(path).wait(TOGETHER_SECONDS)
        except threading.BrokenBarrierError:
            return resource, 404
        return resource, status

    def _pair(self, path: str) -> threading.Barrier:
        """Return where the addresses of one name meet, whatever their number."""
        with self._lock:
            return self._pairs.setdefault(path.rpartition("/")[2], threading.Barrier(2))


class _BadFiles(_Handler):
    def _answer(self, *, with_body: bool) -> None:
        files: BadFileServer = self.server.owner
        url = files.base + self.path
        if url in files.silent:
            files._asked(self.path)
            self.close_connection = True
            return
        super()._answer(with_body=with_body)
        if url in files.hanging:
            self.wfile.flush()
            files._closing.wait(HANGING_SECONDS)


@dataclass(slots=True)
class Servers:
    """Servers that stay up as long as `running`'s block, so that no address comes twice."""

    files: BadFileServer
    registry: ImageRegistry
    _certificate: tuple[Path, Path]
    _stack: ExitStack

    def own_files(self) -> BadFileServer:
        """Return a file server that nobody else has, nor a connection to it."""
        return self._stack.enter_context(BadFileServer())

    def own_registry(self, *, tls: bool) -> ImageRegistry:
        """Return a registry that nobody else has, perhaps one that speaks only TLS."""
        registry = self._stack.enter_context(ImageRegistry())
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._certificate)
            listening: Any = registry._listening
            # The handshake is the handler's: in the listening thread it would hold up everybody.
            listening._server.socket = context.wrap_socket(
                listening._server.socket, server_side=True, do_handshake_on_connect=False
            )
        return registry


@contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Run servers while the block lasts; `folder` takes a certificate."""
    with ExitStack() as stack:
        files = stack.enter_context(BadFileServer())
        registry = stack.enter_context(ImageRegistry())
        yield Servers(files, registry, _self_signed(folder), stack)


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """Return the files of a certificate that nobody vouches for, and of its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", *_KEY, "-keyout", str(key), "-out", str(certificate)]
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *name], check=True, capture_output=True, timeout=30)
    return certificate, key
