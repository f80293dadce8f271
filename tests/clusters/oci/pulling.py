"""Images to pull, and pulling one as the agent does."""

import pytest

from clusters.pilot import oci
from clusters.pilot.behaviours import Behaviours
from clusters.pilot.settings import Settings
from clusters.pilot.transport import FetchError
from filters import images

MODULE, OTHER = b"\0asm\1\0\0\0 one", b"\0asm\1\0\0\0 another"
IMAGE, MOVED = (images.build(body, "compat") for body in (MODULE, OTHER))
NEW = "1.31.0"


def pull(url, version=NEW, *, secret=None, timeout=5.0, settings=None):
    image = oci.prepare(
        url,
        secret=secret,
        timeout=timeout,
        behaviours=Behaviours(version),
        settings=settings or Settings(),
    )
    return image.checksum, image.module()


def refused(url, version=NEW, **options):
    with pytest.raises(FetchError) as failed:
        pull(url, version, **options)
    return str(failed.value)
