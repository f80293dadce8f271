"""One conversation with a registry: is it there, who may pull, manifests and blobs.

Facts: github.com/google/go-containerregistry, which pilot-agent speaks through.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass, field, replace
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
SHORT_PAUSES, LONG_PAUSES = (0.1, 0.3), (1.0, 3.0)
RETRIED = (408, 500, 502, 503, 504)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


class _NobodyGreets(FetchError):
    """No way to speak to the registry; `plain_http` says that it was asked for TLS it lacks."""

    def __init__(self, text: str, plain_http: bool) -> None:
        super().__init__(text)
        self.plain_http = plain_http


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

    def blob(self, wanted: str, size: int) -> bytes:
        """Return what the registry gives for this digest, whatever it is; raises FetchError."""
        answer = self._get(f"blobs/{wanted}")
        [announced] = answer.values("content-length") or (str(size),)
        if int(announced) != size and "agent-compares-layer-sizes" in self.behaviours:
            raise FetchError(
                f"GET {self._url(f'blobs/{wanted}')}: Content-Length header {announced} does not "
                f"match expected size {size}"
            )
        return answer.body

    def _open(self) -> None:
        """Find out how the registry is spoken to, and get leave to pull."""
        local = self.reference.local
        try:
            challenges = self._greet_by("https", *(("http",) if local else ()))
        except _NobodyGreets as error:
            if not error.plain_http:
                raise
            # Once more: a registry that speaks no TLS may be spoken to without, wherever it is.
            challenges = self._greet_by("https", "http")
        self._authorize(challenges)

    def _greet_by(self, *schemes: str) -> tuple[str, ...]:
        failures = []
        plain_http = False
        for scheme in schemes:
            try:
                return self._greet(scheme)
            except Unanswered as error:
                failures.append(f'Get "{error.url}": {error}')
                plain_http |= error.plain_http
            except FetchError as error:
                failures.append(str(error))
        raise _NobodyGreets("; ".join(failures), plain_http)

    def _greet(self, scheme: str) -> tuple[str, ...]:
        """Return the challenges, if any, of a registry that is spoken to so from then on."""
        base = f"{scheme}://{self.reference.registry}/v2/"
        answer = self._ask(base)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED):
            raise FetchError(_failure(base, answer))
        self._base = base
        refused = answer.status == HTTPStatus.UNAUTHORIZED
        return answer.values("www-authenticate") if refused else ()

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
            raise FetchError(f'Get "{error.url}": {error}') from error
        if answer.status != HTTPStatus.OK:
            raise FetchError(_failure(url, answer))
        try:
            said = json.loads(answer.body)
            return str(said.get("token") or said["access_token"])
        except (AttributeError, KeyError, ValueError) as error:
            raise FetchError(f"no token in bearer response from {url}") from error

    def _get(self, path: str, *, accept: str = "") -> Answer:
        url = self._url(path)
        headers = self._authorization | ({"Accept": accept} if accept else {})
        try:
            answer = self._ask(url, headers)
        except Unanswered as error:
            raise FetchError(f'Get "{error.url}": {error}') from error
        if answer.status != HTTPStatus.OK:
            raise FetchError(_failure(url, answer))
        return answer

    def _url(self, path: str) -> str:
        return urljoin(self._base, f"{self.reference.repository}/{path}")

    def _ask(self, url: str, headers: dict[str, str] | None = None) -> Answer:
        answer = self._ask_once(url, headers)
        if answer.status not in self._retried():
            return answer
        patient = "agent-is-patient-with-registries" in self.behaviours
        for pause in LONG_PAUSES if patient else SHORT_PAUSES:
            left = self.deadline - time.monotonic()
            waiting.pause(min(pause, max(0.0, left)))
            if pause >= left:
                raise Unanswered(url, transport.EXPIRED)
            answer = self._ask_once(url, headers)
            if answer.status not in self._retried():
                return answer
        # Looking at the answer for another attempt, earlier agents lost what it says.
        kept = "agent-keeps-registry-errors" in self.behaviours
        return answer if kept else replace(answer, body=b"")

    def _retried(self) -> tuple[int, ...]:
        if "agent-retries-registry-errors" not in self.behaviours:
            return ()
        limited = "agent-retries-limited-pulls" in self.behaviours
        return (*RETRIED, HTTPStatus.TOO_MANY_REQUESTS) if limited else RETRIED

    def _ask_once(self, url: str, headers: dict[str, str] | None) -> Answer:
        answer = transport.get(url, deadline=self.deadline, headers=headers, verify=self.verify)
        if (
            answer.status == HTTPStatus.UNAUTHORIZED
            and "agent-guards-bearer-realm" in self.behaviours
            and (reason := realm_guard.refusal(answer.values("www-authenticate")))
        ):
            raise Unanswered(url, reason)
        return answer


def digest(body: bytes) -> str:
    """Return the digest under which a registry keeps these bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _failure(url: str, answer: Answer) -> str:
    try:
        errors = [f"{one['code']}: {one.get('message', '')}" for one in _errors(answer.body)]
    except (KeyError, TypeError, ValueError):
        errors = []
    if len(errors) == 1:
        return f"GET {url}: {errors[0]}"
    if errors:
        return f"GET {url}: multiple errors returned: {'; '.join(errors)}"
    reason = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else ""
    said = f": {answer.body.decode(errors='replace')}" if answer.body else ""
    return f"GET {url}: unexpected status code {answer.status} {reason}{said}"


def _errors(body: bytes) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(body)["errors"]
    return found
