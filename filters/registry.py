"""Pushes images to a registry over the distribution API.

Source: OCI Distribution Specification 1.1, "Push"; the token protocol is docker's.
"""

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from filters.docker_config import DOCKER_HUB, Credentials
from filters.images import Blob, Image

if TYPE_CHECKING:
    from email.message import Message

SECONDS = 60.0
DEFAULT_TAG = "latest"
_NAME = re.compile(
    r"(?P<host>[^/@]+)/(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?P<tag>[\w.-]{1,128}))?"
)
_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?")
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


class InvalidTarget(ValueError):
    """Not of the form HOST/REPO[:tag]."""


class PushFailed(RuntimeError):
    """The registry did not take an image; the text says which request failed and how."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where images go: "host:port", "some/repository", tag ("" for one that follows the image)."""

    host: str
    repository: str
    tag: str

    @property
    def base(self) -> str:
        """Return the URL of the registry's API; loopback is asked over plain HTTP."""
        scheme = "http" if _LOOPBACK.fullmatch(self.host) else "https"
        host = "registry-1.docker.io" if self.host in DOCKER_HUB else self.host
        return f"{scheme}://{host}/v2/"


@dataclass(frozen=True, slots=True)
class Pushed:
    """An image in a registry: its `reference` by tag, the `digest` "sha256:…" of its manifest."""

    reference: str
    digest: str

    @property
    def pinned(self) -> str:
        """Return the reference that never names another image."""
        before, colon, last = self.reference.rpartition(":")
        name = before if colon and "/" not in last else self.reference
        return f"{name}@{self.digest}"


def target(text: str) -> Target:
    """Return what "HOST/REPO[:tag]" names; raises InvalidTarget."""
    found = _NAME.fullmatch(text.removeprefix("oci://"))
    if found is None or not re.search(r"[.:]|^localhost$", found["host"]):
        raise InvalidTarget(
            f"{text!r} is not HOST/REPO or HOST/REPO:tag, with a repository in lower case and a "
            "host that has a dot or a port\nHint: --registry=registry.example.com/team/filters"
        )
    return Target(found["host"], found["repository"], found["tag"] or "")


def push(image: Image, to: Target, credentials: Credentials | None = None) -> Pushed:
    """Put an image under the target's tag, and return where it is; raises PushFailed.

    Blobs that the registry has are not sent again.
    """
    client = _Client(to, credentials)
    for blob in image.blobs:
        client.put_blob(blob)
    tag = to.tag or DEFAULT_TAG
    client.put_manifest(image.manifest, tag)
    return Pushed(f"{to.host}/{to.repository}:{tag}", image.digest)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: "Message[str, str]"
    body: bytes


@dataclass(slots=True)
class _Client:
    to: Target
    credentials: Credentials | None
    _authorization: dict[str, str] = field(default_factory=dict)

    def put_blob(self, blob: Blob) -> None:
        repository = urljoin(self.to.base, self.to.repository)
        if self._send("HEAD", f"{repository}/blobs/{blob.digest}", (200, 404)).status == 200:
            return
        begun = self._send("POST", f"{repository}/blobs/uploads/", (202,))
        location = urljoin(self.to.base, begun.headers.get("Location", ""))
        separator = "&" if urlsplit(location).query else "?"
        url = location + separator + urlencode({"digest": blob.digest})
        self._send("PUT", url, (201,), blob.body, "application/octet-stream")

    def put_manifest(self, manifest: Blob, tag: str) -> None:
        url = urljoin(self.to.base, f"{self.to.repository}/manifests/{tag}")
        self._send("PUT", url, (201,), manifest.body, manifest.media_type)

    def _send(
        self,
        method: str,
        url: str,
        good: tuple[int, ...],
        body: bytes | None = None,
        content_type: str = "",
    ) -> _Answer:
        answer = self._ask(method, url, body, content_type, self._authorization)
        if answer.status == 401 and self._authorize(answer):
            answer = self._ask(method, url, body, content_type, self._authorization)
        if answer.status in good:
            return answer
        raise PushFailed(
            f"{self.to.host} answered {method} {url} with {answer.status}, expected "
            f"{' or '.join(map(str, good))}\n"
            f"last seen: {_errors(answer.body)}\n{self._hint(answer)}"
        )

    def _hint(self, answer: _Answer) -> str:
        if answer.status not in (401, 403):
            return f"Hint: curl -i {self.to.base}"
        had = "refused the credentials" if self.credentials else "wants credentials"
        return f"likely cause: the registry {had}\nHint: docker login {self.to.host}"

    def _authorize(self, answer: _Answer) -> bool:
        """Take up a challenge; return whether asking again makes sense."""
        for challenge in answer.headers.get_all("WWW-Authenticate", []):
            scheme, _, rest = challenge.partition(" ")
            if scheme.lower() == "basic" and self.credentials:
                self._authorization = {"Authorization": self.credentials.header}
                return True
            if scheme.lower() == "bearer":
                self._authorization = {
                    "Authorization": f"Bearer {self._token(dict(_PARAMETER.findall(rest)))}"
                }
                return True
        return False

    def _token(self, challenge: dict[str, str]) -> str:
        query = {"scope": f"repository:{self.to.repository}:pull,push"}
        if "service" in challenge:
            query["service"] = challenge["service"]
        url = f"{challenge.get('realm', '')}?{urlencode(query)}"
        own = {"Authorization": self.credentials.header} if self.credentials else {}
        answer = self._ask("GET", url, None, "", own)
        try:
            said = json.loads(answer.body) if answer.status == 200 else {}
            return str(said.get("token") or said["access_token"])
        except (AttributeError, KeyError, ValueError) as error:
            raise PushFailed(
                f"{url} gave no token but {answer.status}\nlast seen: {_errors(answer.body)}\n"
                f"{self._hint(answer)}"
            ) from error

    def _ask(
        self,
        method: str,
        url: str,
        body: bytes | None,
        content_type: str,
        authorization: dict[str, str],
    ) -> _Answer:
        try:
            request = urllib.request.Request(url, data=body, method=method)
            if content_type:
                request.add_header("Content-Type", content_type)
            for name, value in authorization.items():
                # Not to where a redirect leads: that is often somebody else's storage.
                request.add_unredirected_header(name, value)
            with _opener(url).open(request, timeout=SECONDS) as answer:
                return _Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return _Answer(error.code, error.headers, error.read())
        except (OSError, ValueError) as error:
            raise PushFailed(
                f"{self.to.host} cannot be asked: {method} {url}: {error}\n"
                f"Hint: curl -i {self.to.base}"
            ) from error


def _opener(url: str) -> urllib.request.OpenerDirector:
    # A proxy from the environment is for the world, not for loopback.
    local = _LOOPBACK.fullmatch(urlsplit(url).netloc)
    return urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if local else []))


def _errors(body: bytes) -> str:
    try:
        rows = json.loads(body)["errors"]
        return "; ".join(f"{row['code']}: {row.get('message', '')}" for row in rows)
    except (KeyError, TypeError, ValueError):
        return body[:200].decode(errors="replace") or "(an empty answer)"
