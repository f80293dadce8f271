"""A registry for the tests of one room."""

import pytest

from filters.image_registry import ImageRegistry


@pytest.fixture
def registry():
    with ImageRegistry() as registry:
        yield registry
