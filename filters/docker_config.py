"""Credentials for a registry from the docker configuration (`docker login` writes it)."""

import base64
import binascii
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


class UnusableCredentials(RuntimeError):
    """The configuration cannot be used; the text names the file and never a secret."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A user and a password."""

    user: str
    password: str

    @property
    def header(self) -> str:
        """Return the value of an Authorization header of the Basic scheme."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def path() -> Path:
    """Return where docker keeps its configuration; the file need not exist."""
    folder = os.environ.get("DOCKER_CONFIG", "")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def credentials(registry: str) -> Credentials | None:
    """Return the credentials for a registry "host:port", None where there are none.

    Raises UnusableCredentials for a file that is no docker configuration, and where a credential
    helper keeps them, which is a program that would have to be run.
    """
    file = path()
    try:
        table = json.loads(file.read_text())
        entry = _entry(table, registry)
        helper = table.get("credHelpers", {}).get(registry) or table.get("credsStore")
        if entry and (found := _read(entry)):
            return found
    except FileNotFoundError:
        return None
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise UnusableCredentials(
            f"{file} is no docker configuration: {type(error).__name__}\n"
            f"Hint: docker login {registry}"
        ) from error
    if helper and (entry is not None or registry in table.get("credHelpers", {})):
        raise UnusableCredentials(
            f"{file} leaves the credentials of {registry} to the helper "
            f"docker-credential-{helper}, and only credentials in the file itself can be used\n"
            "Hint: DOCKER_CONFIG=$(mktemp -d) with a config.json of "
            f'{{"auths": {{"{registry}": {{"auth": "<base64 of user:password>"}}}}}}'
        )
    return None


def _entry(table: dict[str, Any], registry: str) -> dict[str, Any] | None:
    for key, entry in table.get("auths", {}).items():
        host = urlsplit(key if "//" in key else f"//{key}").netloc
        if host == registry or (registry in DOCKER_HUB and host in DOCKER_HUB):
            return dict(entry)
    return None


def _read(entry: dict[str, Any]) -> Credentials | None:
    if auth := entry.get("auth"):
        try:
            text = base64.b64decode(auth, validate=True).decode()
        except binascii.Error as error:
            raise ValueError("not base64") from error
        user, _, password = text.partition(":")
        return Credentials(user, password)
    name = entry.get("username")
    return Credentials(name, entry.get("password", "")) if name else None
