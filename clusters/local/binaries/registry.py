"""One repository of an image registry: its manifests, and its blobs from wherever they broke off.

Source: OCI Distribution Specification 1.1, "Pull"; the token protocol is docker's. What pilot-agent
does differently is in clusters/pilot/oci_session.py.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import httpx  # noqa: TID251 - a registry is no gateway

from clusters.local.binaries.failures import BrokenOff, FetchFailed
from clusters.pilot import realm_guard
from clusters.pilot.oci_image import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from clusters.pilot.oci_session import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusters.pilot.oci_reference import Reference

#: Of one read or one connect, not of a download.
SECONDS = 30.0
ACCEPT = ", ".join((DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX))
MANIFEST_LIMIT = 4 << 20  # what the specification asks registries to take
UNANSWERED = (httpx.HTTPError, httpx.InvalidURL)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(slots=True)
class Repository:
    """The repository that a reference names; anonymous, as pulls of public images are."""

    reference: Reference
    _base: str = ""
    _authorization: dict[str, str] = field(default_factory=dict)
    _client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = httpx.Client(
            timeout=SECONDS,
            follow_redirects=True,
            # A proxy from the environment is for the world, not for loopback.
            trust_env=not self.reference.local,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def manifest(self, identifier: str) -> bytes:
        """Return the manifest of a tag or a digest, which it then has; raises FetchFailed."""
        with self._get(f"manifests/{identifier}", {"Accept": ACCEPT}) as answer:
            if answer.status_code == HTTPStatus.NOT_FOUND:
                raise FetchFailed(
                    f"{self.reference.registry} has no image {self.reference}\n"
                    f"last seen: {_told(answer)}\n"
                    "Hint: --istio=RELEASE with a patch that was released, or --hub=HOST/PATH"
                )
            self._check(answer, HTTPStatus.OK)
            body = b""
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > MANIFEST_LIMIT:
                    raise FetchFailed(
                        f"the manifest of {self.reference} is larger than {MANIFEST_LIMIT} bytes"
                        f"\n{self._hint()}"
                    )
        announced = answer.headers.get("docker-content-digest", "")
        wanted = identifier if identifier.startswith("sha256:") else announced
        if wanted.startswith("sha256:") and digest(body) != wanted:
            raise FetchFailed(
                f"{self.reference.registry} sent a manifest of {self.reference} with the digest "
                f"{digest(body)} instead of {wanted}\n{self._hint()}"
            )
        return body

    @contextmanager
    def blob(self, wanted: str, start: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Yield from which byte on the registry sends a blob, and its bytes from there.

        It is asked to begin at `start`, and may begin at 0. Raises FetchFailed; BrokenOff where
        the bytes end early.
        """
        ranged = {"Range": f"bytes={start}-"} if start else {}
        with self._get(f"blobs/{wanted}", ranged) as answer:
            if start and answer.status_code == HTTPStatus.PARTIAL_CONTENT:
                begins = re.match(rf"bytes {start}-", answer.headers.get("content-range", ""))
                if begins is None:
                    raise BrokenOff(f"asked for byte {start} on, it sent others")
                yield start, _bytes(answer)
                return
            self._check(answer, HTTPStatus.OK)
            yield 0, _bytes(answer)

    @contextmanager
    def _get(self, path: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        answer = self._ask(path, headers)
        try:
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                answer.close()
                self._authorize(answer.headers.get_list("www-authenticate"))
                answer = self._ask(path, headers)
            yield answer
        finally:
            answer.close()

    def _ask(self, path: str, headers: dict[str, str]) -> httpx.Response:
        if self._base:
            return self._send(f"{self._base}{path}", headers | self._authorization)
        last: Exception | None = None
        for scheme in ("https", "http") if self.reference.local else ("https",):
            base = f"{scheme}://{self.reference.registry}/v2/{self.reference.repository}/"
            try:
                answer = self._send_once(f"{base}{path}", headers)
            except UNANSWERED as error:
                last = error
                continue
            self._base = base
            return answer
        assert last is not None
        raise self._unanswered(last) from last

    def _send(self, url: str, headers: dict[str, str]) -> httpx.Response:
        try:
            return self._send_once(url, headers)
        except UNANSWERED as error:
            raise self._unanswered(error) from error

    def _send_once(self, url: str, headers: dict[str, str]) -> httpx.Response:
        # Not decoded: a digest is that of the bytes as they are stored.
        own = {"Accept-Encoding": "identity"} | headers
        return self._client.send(self._client.build_request("GET", url, headers=own), stream=True)

    def _authorize(self, challenges: list[str]) -> None:
        # Whoever answers from far away must not have this machine ask its own network.
        if not self.reference.local and (reason := realm_guard.refusal(challenges)):
            raise FetchFailed(f"{self.reference.registry}: {reason}\n{self._hint()}")
        for challenge in challenges:
            scheme, _, rest = challenge.partition(" ")
            if scheme.lower() == "bearer":
                self._authorization = {"Authorization": f"Bearer {self._token(rest)}"}
                return
        raise self._login_wanted("; ".join(challenges) or "no challenge")

    def _token(self, challenge: str) -> str:
        said = dict(_PARAMETER.findall(challenge))
        query = {"scope": f"repository:{self.reference.repository}:pull"}
        if "service" in said:
            query["service"] = said["service"]
        url = said.get("realm", "")
        try:
            answer = self._client.get(url, params=query)
            if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise self._login_wanted(_told(answer))
            token = answer.json()
            return str(token.get("token") or token["access_token"])
        except (httpx.HTTPError, httpx.InvalidURL, AttributeError, KeyError, ValueError) as error:
            raise FetchFailed(
                f"{self.reference.registry} sends to {url!r} for a token, and there is none\n"
                f"last seen: {type(error).__name__}: {error}\n{self._hint()}"
            ) from error

    def _check(self, answer: httpx.Response, good: HTTPStatus) -> None:
        if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self._login_wanted(_told(answer))
        if answer.status_code != good:
            raise FetchFailed(
                f"{self.reference.registry} answered {answer.request.url} with "
                f"{answer.status_code}, expected {good.value}\nlast seen: {_told(answer)}\n"
                f"{self._hint()}"
            )

    def _login_wanted(self, said: str) -> FetchFailed:
        return FetchFailed(
            f"{self.reference.registry} wants a login before it gives {self.reference.repository}, "
            f"or has no such repository; images are pulled without one\nlast seen: {said}\n"
            "Hint: --hub=HOST/PATH of a mirror that everybody may pull from"
        )

    def _unanswered(self, error: Exception) -> FetchFailed:
        host, reason = self.reference.registry, str(error) or type(error).__name__
        if "WRONG_VERSION_NUMBER" in reason or "record layer failure" in reason:
            return FetchFailed(
                f"{host} does not speak TLS, which only a registry on loopback or in a private "
                f"network may do without\nlast seen: {reason}\n"
                "Hint: --hub=HOST/PATH of a registry with TLS"
            )
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            return FetchFailed(
                f"nobody this machine trusts vouches for {host}\nlast seen: {reason}\n"
                "Hint: SSL_CERT_FILE=PATH of the authority's certificates"
            )
        return FetchFailed(f"{host} cannot be asked: {reason}\n{self._hint()}")

    def _hint(self) -> str:
        return (
            f"Hint: curl -i https://{self.reference.registry}/v2/, or --hub=HOST/PATH of a mirror"
        )


def _bytes(answer: httpx.Response) -> Iterator[bytes]:
    try:
        # As they come: chunks of a fixed size would be lost where the connection breaks.
        yield from answer.iter_raw()
    except httpx.TransportError as error:
        raise BrokenOff(str(error) or type(error).__name__) from error


def _told(answer: httpx.Response) -> str:
    try:
        body = answer.read()
        rows = json.loads(body)["errors"]
        return "; ".join(f"{row['code']}: {row.get('message', '')}" for row in rows)
    except (httpx.HTTPError, httpx.StreamError, KeyError, TypeError, ValueError):
        return f"status {answer.status_code} {answer.reason_phrase}".rstrip()
