"""How pilot-agent gets a module out of an image registry: first the manifest, then the layer.

Facts: PrepareFetch in pkg/wasm/imagefetcher.go of Istio. In between the agent looks into its cache,
which is why the two steps are two.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clusters.pilot import oci_image, pull_secret
from clusters.pilot.oci_image import INDEXES, Layer, NoModule
from clusters.pilot.oci_reference import InvalidReference, Reference
from clusters.pilot.oci_session import Session, digest
from clusters.pilot.transport import Answer, FetchError

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.settings import Settings

SCHEME = "oci://"


def reference(url: str) -> Reference:
    """Return the image that an `oci://` URL names; raises InvalidReference."""
    parts = urlsplit(url)
    return Reference.parse(parts.netloc + parts.path)


@dataclass(frozen=True, slots=True)
class Image:
    """An image whose manifest was fetched; `checksum` is the manifest's sha256 in hex."""

    checksum: str
    _manifest: bytes
    _session: Session
    _limit: int | None

    def module(self) -> bytes:
        """Fetch the layer and return the module in it; raises FetchError."""
        try:
            return oci_image.module(
                oci_image.manifest(self._manifest),
                self._read,
                self._session.behaviours,
                self._limit,
            )
        except (FetchError, NoModule) as error:
            raise FetchError(f"could not fetch Wasm binary: {error}") from error

    def _read(self, layer: Layer) -> bytes:
        try:
            return self._session.blob(layer.digest, layer.size)
        except FetchError as error:
            raise NoModule(f"could not get layer content: {error}") from error


def prepare(
    url: str, *, secret: str | None, timeout: float, behaviours: Behaviours, settings: Settings
) -> Image:
    """Return the image at an `oci://` URL, its manifest fetched; raises FetchError.

    `timeout` bounds manifest and layer together, in seconds. `secret` is the JSON of a docker
    configuration; without one the pull is anonymous, as in a container that has none.
    """
    try:
        image = reference(url)
        session = Session(
            image,
            pull_secret.credentials(secret, image.registry) if secret is not None else None,
            behaviours,
            time.monotonic() + timeout,
            verify=not settings.insecure(image.registry),
        )
        answer = session.manifest(image.identifier)
    except InvalidReference as error:
        raise FetchError(
            f"could not fetch Wasm OCI image: could not parse url in image reference: {error}"
        ) from error
    except (FetchError, pull_secret.InvalidSecret) as error:
        raise FetchError(
            f"could not fetch Wasm OCI image: could not fetch manifest: {error}"
        ) from error
    limit = settings.size_limit if "agent-limits-module-size" in behaviours else None
    body = _platforms_manifest(session, image, answer)
    return Image(digest(body).removeprefix("sha256:"), body, session, limit)


def _platforms_manifest(session: Session, image: Reference, answer: Answer) -> bytes:
    content_type = (answer.values("content-type") or ("",))[0].partition(";")[0]
    if content_type not in INDEXES:
        return answer.body
    try:
        return session.manifest(oci_image.platform_digest(answer.body, str(image))).body
    except (FetchError, NoModule) as error:
        raise FetchError(
            f"could not fetch Wasm OCI image: could not fetch image: {error}"
        ) from error
