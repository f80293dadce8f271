"""What the delivery checks share: the published example, a configuration, a way to ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

#: The rules of the published example.
RULES = {
    "basic_auth_rules": [
        {
            "prefix": "/productpage",
            "request_methods": ["GET", "POST"],
            "credentials": ["ok:test", "YWRtaW4zOmFkbWluMw=="],
        }
    ]
}
PUBLISHED_URL = "http://release.solarmesh.cn/wasm/auth.wasm"


@pytest.fixture(scope="session")
def rules() -> str:
    """The published configuration of the basic-auth filter."""
    return json.dumps(RULES)


@pytest.fixture(scope="session")
def published():
    """A function from the module's address to the published documents with it in place."""
    text = Path(__file__).with_name("published.yaml").read_text()
    assert text.count(PUBLISHED_URL) == 1
    return lambda url: text.replace(PUBLISHED_URL, url)
