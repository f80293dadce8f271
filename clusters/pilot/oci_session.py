"""One conversation with a registry: is it there, who may pull, manifests and blobs.

Facts: github.com/google/go-containerregistry, which pilot-agent speaks through.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin

from clusters import waiting
from clusters.pilot import realm_guard, transport
from clusters.pilot.oci_image import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from clusters.pilot.transport import Answer, FetchError, Unanswered

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.oci_reference import Reference
    from clusters.pilot.pull_secret import Credentials

ACCEPT = ", ".join((DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX))
#: Pauses between the attempts of one request, in seconds.
PAUSES = (1.0, 3.0)
RETRIED = (408, 500, 502, 503, 504)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(slots=True)
class Session:
    """A registry as one fetch sees it; every request ends at `deadline` (time.monotonic())."""

    reference: Reference
    credentials: Credentials | None
    behaviours: Behaviours
    deadline: float
    verify: bool = True
    _base: str = ""
    _authorization: dict[str, str] = field(default_factory=dict)

    def manifest(self, identifier: str) -> Answer:
        """Return the answer that holds a manifest, of a tag or a digest; raises FetchError."""
        if not self._base:
            self._open()
        answer = self._get(f"manifests/{identifier}", accept=ACCEPT)
        if identifier.startswith("sha256:") and digest(answer.body) != identifier:
            raise FetchError(
                f'manifest digest: "{digest(answer.body)}" does not match requested digest: '
                f'"{identifier}" for "{self.reference}"'
            )
        return answer

    def blob(self, wanted: str) -> bytes:
        """Return what the registry gives for this digest, whatever it is; raises FetchError."""
        return self._get(f"blobs/{wanted}").body

    def _open(self) -> None:
        """Find out how the registry is spoken to, and get leave to pull."""
        schemes = ("https", "http") if self.reference.local else ("https",)
        failures = []
        for scheme in schemes:
            try:
                return self._greet(scheme)
            except Unanswered as error:
                failures.append(f'Get "{scheme}://{self.reference.registry}/v2/": {error}')
                if error.plain_http and not self.reference.local:
                    return self._greet_plainly()
        raise FetchError("; ".join(failures))

    def _greet_plainly(self) -> None:
        try:
            self._greet("http")
        except Unanswered as error:
            raise FetchError(f'Get "http://{self.reference.registry}/v2/": {error}') from error

    def _greet(self, scheme: str) -> None:
        base = f"{scheme}://{self.reference.registry}/v2/"
        answer = self._ask(base)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED):
            raise FetchError(_failure(base, answer))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._authorize(answer.values("www-authenticate"))
        self._base = base

    def _authorize(self, challenges: tuple[str, ...]) -> None:
        for challenge in challenges:
            scheme, _, rest = challenge.partition(" ")
            if scheme.lower() == "basic" and self.credentials:
                self._authorization = {"Authorization": self.credentials.header}
            elif scheme.lower() == "bearer":
                token = self._token(dict(_PARAMETER.findall(rest)))
                self._authorization = {"Authorization": f"Bearer {token}"}
            else:
                continue
            return

    def _token(self, challenge: dict[str, str]) -> str:
        query = {"scope": f"repository:{self.reference.repository}:pull"}
        if "service" in challenge:
            query["service"] = challenge["service"]
        url = f"{challenge.get('realm', '')}?{urlencode(query)}"
        own = {"Authorization": self.credentials.header} if self.credentials else {}
        try:
            answer = self._ask(url, own)
        except Unanswered as error:
            raise FetchError(f'Get "{url}": {error}') from error
        if answer.status != HTTPStatus.OK:
            raise FetchError(_failure(url, answer))
        try:
            said = json.loads(answer.body)
            return str(said.get("token") or said["access_token"])
        except (AttributeError, KeyError, ValueError) as error:
            raise FetchError(f"no token in bearer response from {url}") from error

    def _get(self, path: str, *, accept: str = "") -> Answer:
        url = urljoin(self._base, f"{self.reference.repository}/{path}")
        headers = self._authorization | ({"Accept": accept} if accept else {})
        try:
            answer = self._ask(url, headers)
        except Unanswered as error:
            raise FetchError(f'Get "{url}": {error}') from error
        if answer.status != HTTPStatus.OK:
            raise FetchError(_failure(url, answer))
        return answer

    def _ask(self, url: str, headers: dict[str, str] | None = None) -> Answer:
        pauses = PAUSES if "agent-retries-registry-errors" in self.behaviours else ()
        answer = self._ask_once(url, headers)
        for pause in pauses:
            if answer.status not in RETRIED:
                break
            left = self.deadline - time.monotonic()
            waiting.pause(min(pause, max(0.0, left)))
            if pause >= left:
                raise FetchError(f'Get "{url}": {transport.EXPIRED}')
            answer = self._ask_once(url, headers)
        return answer

    def _ask_once(self, url: str, headers: dict[str, str] | None) -> Answer:
        answer = transport.get(url, deadline=self.deadline, headers=headers, verify=self.verify)
        if (
            answer.status == HTTPStatus.UNAUTHORIZED
            and "agent-guards-bearer-realm" in self.behaviours
            and (reason := realm_guard.refusal(answer.values("www-authenticate")))
        ):
            raise FetchError(f'Get "{url}": {reason}')
        return answer


def digest(body: bytes) -> str:
    """Return the digest under which a registry keeps these bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _failure(url: str, answer: Answer) -> str:
    try:
        errors = json.loads(answer.body)["errors"]
        told = "; ".join(f"{each['code']}: {each.get('message', '')}" for each in errors)
    except (KeyError, TypeError, ValueError):
        told = ""
    if not told:
        reason = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else ""
        told = f"unexpected status code {answer.status} {reason}".rstrip()
    return f"GET {url}: {told}"
