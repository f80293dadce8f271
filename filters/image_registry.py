"""An image registry in this process, on loopback, that misbehaves on request.

It speaks as much of the distribution API as pulling and pushing need. For the real thing see
filters/docker_registry.py.
"""

import base64
import json
import re
import threading
from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import ClassVar, Self
from urllib.parse import parse_qs, urlsplit

from filters import images
from filters.images import Blob, Image
from filters.loopback import Handler, Listening, listen
from filters.misshapen import SHAPES
from filters.module import Module

USER, PASSWORD, TOKEN = "puller", "p:ss word", "a-token"
_PATH = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs)/(?P<name>[^/]+)")
_UPLOAD = re.compile(r"/v2/(?P<repository>.+)/blobs/uploads/(?P<name>[^/]*)")


@dataclass(slots=True)
class _Fault:
    """What a repository does instead of answering; `times` < 0 is for ever."""

    status: int = 0
    times: int = 0
    delay: float = 0.0
    corrupt: bool = False


class ImageRegistry:
    """A registry; a context manager that listens while the block runs.

    Every image gets a repository that no other has had in this process, so that a cache that goes
    by the repository (pilot-agent's does) never answers for another test.
    """

    _numbers: ClassVar["count[int]"] = count(1)

    def __init__(self) -> None:
        """Prepare; nothing listens yet."""
        self._blobs: dict[str, Blob] = {}
        self._tags: dict[tuple[str, str], str] = {}  # repository, tag or digest -> digest
        self._faults: dict[str, _Fault] = {}
        self._requests: Counter[str] = Counter()
        self._challenge = ""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._listening: Listening | None = None
        self.host = ""

    def __enter__(self) -> Self:
        """Listen on a free port of the loopback interface."""
        self._closing.clear()
        self._listening = listen(_Api, self, name="image-registry")
        self.host = self._listening.address
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; answers that are still delayed are dropped."""
        self.stop()

    def stop(self) -> None:
        """Be down from now on: connections are refused."""
        if self._listening is not None:
            self._closing.set()
            self._listening.stop()
            self._listening = None

    def publish(self, module: Module, *, layout: str = "compat", tag: str = "1") -> str:
        """Return the `oci://` URL of a module in a layout, in a repository of its own."""
        return self.serve(images.build(module.read(), layout), name=module.name, tag=tag)

    def serve(self, image: Image, *, name: str = "image", tag: str = "1") -> str:
        """Return a new `oci://` URL that names this image."""
        url = f"oci://{self.host}/conformance/{name}-{next(self._numbers)}:{tag}"
        self.move(url, image)
        return url

    def move(self, url: str, image: Image) -> None:
        """Let the tag of a URL name another image from now on."""
        repository, tag = self._named(url)
        with self._lock:
            for blob in (image.manifest, *image.blobs):
                self._blobs[blob.digest] = blob
            self._tags[repository, tag] = self._tags[repository, image.digest] = image.digest

    def publish_misshapen(self, module: Module, shape: str) -> str:
        """Return the `oci://` URL of an image that is wrong in a way of filters/misshapen.py."""
        return self.serve(SHAPES[shape](module.read()), name=module.name)

    def retag(self, url: str, module: Module, *, layout: str = "compat") -> None:
        """Let the tag of a URL name the image of another module from now on."""
        self.move(url, images.build(module.read(), layout))

    def checksum(self, url: str) -> str:
        """Return the sha256, in hex, of the manifest that a URL names now."""
        return self._tags[self._named(url)].removeprefix("sha256:")

    def pinned(self, url: str) -> str:
        """Return the URL by digest of the image that a URL names now."""
        return f"{url.rpartition(':')[0]}@sha256:{self.checksum(url)}"

    def fail(self, url: str, status: int, *, times: int = -1) -> None:
        """Answer requests for the manifest with a status, `times` or for ever."""
        self._faults[self._named(url)[0]] = _Fault(status=status, times=times)

    def delay(self, url: str, seconds: float) -> None:
        """Answer requests for the manifest so much later."""
        self._faults[self._named(url)[0]] = _Fault(delay=seconds)

    def corrupt(self, url: str) -> None:
        """Answer requests for layers with other bytes than their digest says."""
        self._faults[self._named(url)[0]] = _Fault(corrupt=True)

    def demand(self, scheme: str, *, realm: str = "") -> None:
        """Ask everybody for credentials, by a challenge of the scheme "basic" or "bearer"."""
        if scheme == "basic":
            self._challenge = f'Basic realm="{realm or "Registry Realm"}"'
        else:
            realm = realm or f"http://{self.host}/token"
            self._challenge = f'Bearer realm="{realm}",service="registry"'

    @property
    def pull_secret(self) -> str:
        """Return the docker configuration that opens the registry, as JSON."""
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return json.dumps({"auths": {self.host: {"auth": auth}}})

    def requests(self, url: str) -> int:
        """Return how often the manifest of a URL was asked for, whatever the answer was."""
        with self._lock:
            return self._requests[self._named(url)[0]]

    def _named(self, url: str) -> tuple[str, str]:
        repository, _, tag = url.removeprefix(f"oci://{self.host}/").rpartition(":")
        return repository, tag


class _Api(Handler):
    def do_GET(self) -> None:
        """Answer the greeting, a token, a manifest or a blob."""
        registry: ImageRegistry = self.server.owner
        parts = urlsplit(self.path)
        if parts.path == "/token":
            self._token(parse_qs(parts.query))
        elif not self._welcome(registry):
            self._refuse(401, "UNAUTHORIZED", "authentication required")
        elif parts.path == "/v2/":
            self._send(200, b"{}")
        elif found := _PATH.fullmatch(parts.path):
            self._get(registry, **found.groupdict())
        else:
            self._refuse(404, "NAME_UNKNOWN", "repository name not known to registry")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Begin an upload."""
        if not self._welcome(self.server.owner):
            self._refuse(401, "UNAUTHORIZED", "authentication required")
        elif _UPLOAD.fullmatch(self.path):
            self._send(202, b"", Location=f"{self.path}1?state=begun")
        else:
            self._refuse(404, "NAME_UNKNOWN", "repository name not known to registry")

    def do_PUT(self) -> None:
        """Take a blob or a manifest."""
        registry: ImageRegistry = self.server.owner
        parts = urlsplit(self.path)
        blob = Blob(
            self.headers.get("Content-Type", ""),
            self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        found = _PATH.fullmatch(parts.path)
        if not self._welcome(registry):
            self._refuse(401, "UNAUTHORIZED", "authentication required")
        elif _UPLOAD.fullmatch(parts.path):
            if parse_qs(parts.query).get("digest") != [blob.digest]:
                return self._refuse(400, "DIGEST_INVALID", "provided digest did not match")
            registry._blobs[blob.digest] = blob
            self._send(201, b"")
        elif found and found["kind"] == "manifests":
            registry._blobs[blob.digest] = blob
            for name in (found["name"], blob.digest):
                registry._tags[found["repository"], name] = blob.digest
            self._send(201, b"")
        else:
            self._refuse(404, "NAME_UNKNOWN", "repository name not known to registry")
        return None

    def _welcome(self, registry: ImageRegistry) -> bool:
        if not registry._challenge:
            return True
        given = self.headers.get("Authorization", "")
        return given == (_basic() if registry._challenge.startswith("Basic") else f"Bearer {TOKEN}")

    def _token(self, query: dict[str, list[str]]) -> None:
        if self.headers.get("Authorization") == _basic() and query.get("service") == ["registry"]:
            self._send(200, json.dumps({"token": TOKEN}).encode())
        else:
            self._refuse(401, "UNAUTHORIZED", "incorrect username or password")

    def _get(self, registry: ImageRegistry, repository: str, kind: str, name: str) -> None:
        fault = registry._faults.get(repository, _Fault())
        if kind == "blobs":
            blob = registry._blobs.get(name)
            if blob is None:
                return self._refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")
            body = blob.body[::-1] if fault.corrupt else blob.body
            return self._send(200, body, type="application/octet-stream")
        with registry._lock:
            registry._requests[repository] += 1
            digest = registry._tags.get((repository, name))
            failing, fault.times = fault.times != 0, fault.times - (fault.times > 0)
        if fault.delay and registry._closing.wait(fault.delay):
            self.close_connection = True
            return None
        if failing:
            return self._refuse(fault.status, "UNKNOWN", "unknown error")
        if digest is None:
            return self._refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
        manifest = registry._blobs[digest]
        return self._send(200, manifest.body, type=manifest.media_type)

    def _refuse(self, status: int, code: str, message: str) -> None:
        extra = {}
        if status == 401 and (challenge := self.server.owner._challenge):
            extra = {"WWW-Authenticate": challenge}
        self._send(
            status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), **extra
        )

    def _send(
        self, status: int, body: bytes, type: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _basic() -> str:
    return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
