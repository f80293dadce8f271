"""Kubernetes Secrets, as far as istiod reads them for Wasm: what images are pulled with."""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusters.pilot.documents import Document

DOCKER_TYPE = "kubernetes.io/dockerconfigjson"
DOCKER_KEY = ".dockerconfigjson"


def docker_configuration(documents: Iterable["Document"], namespace: str, name: str) -> str | None:
    """Return the docker configuration in a Secret, None where no Secret of that type has one."""
    for one in documents:
        if one.key == ("Secret", namespace, name) and one.spec.get("type") == DOCKER_TYPE:
            return _value(one, DOCKER_KEY)
    return None


def errors(document: "Document") -> Iterator[str]:
    """Yield what the API server would refuse in a Secret; never a word of its content."""
    for key, text in (document.spec.get("data") or {}).items():
        try:
            base64.b64decode(text, validate=True)
        except binascii.Error:
            yield f"data[{key}]: illegal base64 data"
            return
    if document.spec.get("type") != DOCKER_TYPE:
        return
    content = _value(document, DOCKER_KEY)
    if content is None:
        yield f"data[{DOCKER_KEY}]: Required value"
        return
    try:
        json.loads(content)
    except ValueError:
        yield f'data[{DOCKER_KEY}]: Invalid value: "<secret contents redacted>": no JSON'


def _value(secret: "Document", key: str) -> str | None:
    plain = (secret.spec.get("stringData") or {}).get(key)
    if plain is not None:
        return str(plain)
    encoded = (secret.spec.get("data") or {}).get(key)
    if encoded is None:
        return None
    # An agent that finds no JSON there says so; bytes that are no text are none.
    return base64.b64decode(encoded).decode("utf-8", "replace")
