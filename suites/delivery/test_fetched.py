"""How a module may be served over HTTP, and how long the agent remembers it."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from suites.delivery.fetching import check, documents
from suites.delivery.outcomes import expected
from suites.delivery.replies import challenged, verdict

pytestmark = pytest.mark.contract("basic-auth")

#: Too small for any module.
LIMIT = 10_000


def tar(body):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo("filter.wasm")
        entry.size = len(body)
        archive.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


BOXES = {
    "gzip": gzip.compress,
    "tar": tar,
    "tar.gz": lambda body: gzip.compress(tar(body)),
}


@pytest.mark.requirement("DLV-21")
def test_a_redirect_is_followed(cluster, publisher, wasm_filter, rules):
    url = publisher.serve("auth.wasm", wasm_filter.read())
    moved = publisher.serve_redirect("moved.wasm", url)

    with cluster.applied(cluster.render(moved, rules, name="moved"), proof=challenged):
        assert publisher.requests(url) == 1


@pytest.mark.requirement("DLV-21")
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("checksum", ["given", "missing"])
def test_a_module_may_come_wrapped_where_the_release_unwraps(
    cluster, gateway, publisher, wasm_filter, rules, box, checksum
):
    url = publisher.serve("auth.wasm", BOXES[box](wasm_filter.read()))
    # The checksum is that of the module, not of what it is wrapped in.
    sha256 = wasm_filter.sha256 if checksum == "given" else ""
    wrapped = documents(cluster, url, rules, sha256=sha256)

    if expected("boxed", cluster.release.version)["opened"]:
        with cluster.applied(wrapped, proof=challenged):
            return
    with cluster.delivered(wrapped) as delivery:
        assert delivery.fetch_failures or delivery.refusals
        assert verdict(gateway) != "guarded"


@pytest.mark.requirement("DLV-5")
def test_the_right_checksum_is_a_module(cluster, publisher, wasm_filter, rules):
    url = publisher.serve("auth.wasm", wasm_filter.read())
    pinned = documents(cluster, url, rules, sha256=wasm_filter.sha256)

    with cluster.applied(pinned, proof=challenged):
        assert publisher.requests(url) == 1


@pytest.mark.requirement("DLV-22")
@pytest.mark.parametrize("checksum", ["given", "missing"])
def test_a_module_beyond_the_size_limit_never_runs(
    cluster, gateway, publisher, wasm_filter, rules, checksum
):
    url = publisher.serve("auth.wasm", wasm_filter.read())
    sha256 = wasm_filter.sha256 if checksum == "given" else ""
    large = documents(cluster, url, rules, sha256=sha256)

    with cluster.agent_environment(ISTIO_WASM_MAX_BINARY_SIZE_BYTES=str(LIMIT)):
        if not expected("size-limit", cluster.release.version)["cut"]:
            with cluster.applied(large, proof=challenged):
                return
        with cluster.delivered(large) as delivery:
            if checksum == "given":
                outcome = expected("unfetchable", cluster.release.version, lists="wasm")
                assert "which does not match" in delivery.fetch_failures[0]
                check(delivery, gateway, outcome, outcome["first"])
            else:
                # The agent cuts it off and takes what is left for the module.
                assert "Unable to create Wasm" in delivery.refusals[0]
                assert verdict(gateway) == "500"
