"""The pull secret that istiod hands the agent: the JSON of a docker configuration."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from urllib.parse import urlsplit


class InvalidSecret(ValueError):
    """Not a docker configuration; the text names what is wrong, never a secret."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A user and a password."""

    user: str
    password: str

    @property
    def header(self) -> str:
        """The value of an Authorization header of the Basic scheme."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def credentials(secret: str, registry: str) -> Credentials | None:
    """Return what the secret holds for a registry ("host:port"), None if nothing.

    Raises InvalidSecret.
    """
    try:
        found = json.loads(secret).get("auths", {})
        # Docker keeps those of its own registry under https://index.docker.io/v1/.
        entry = next((entry for key, entry in found.items() if _host(key) == registry), None)
        return _credentials(entry) if entry else None
    except (AttributeError, TypeError, ValueError) as error:
        # The parser's own text may quote the secret.
        raise InvalidSecret("invalid docker configuration in the pull secret") from error


def _credentials(entry: dict[str, str]) -> Credentials | None:
    if auth := entry.get("auth"):
        try:
            user, _, password = base64.b64decode(auth, validate=True).decode().partition(":")
        except binascii.Error as error:
            raise ValueError("not base64") from error
        return Credentials(user, password)
    user, password = entry.get("username", ""), entry.get("password", "")
    return Credentials(user, password) if user else None


def _host(key: str) -> str:
    return urlsplit(key if "//" in key else f"//{key}").netloc
